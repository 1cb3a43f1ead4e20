"""Pages from templates: every text is escaped, and what scripts need is handed over as data."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final, get_args

from actions.sending import Shown
from domain.appeals import MOSCOW
from web.demo import Demo, DemoPerson, Example, Group
from web.door import Language, WebSettings
from web.words import SCRIPT_WORDS, WORDS

_TEMPLATES: Final = {
    path.stem: Template(path.read_text("utf-8")) for path in (Path(__file__).parent / "templates").glob("*.html")
}


def first_page(language: Language, settings: WebSettings, demo: Demo | None, *, cookie: bool) -> str:
    """Return the first page: with the demonstration's people and examples, or with a form to sign in."""
    people = _groups(language, demo.people) if demo else _filled("sign_in", WORDS[language])
    pieces = {
        "demo": _filled("demo_note", WORDS[language]) if demo else "",
        "people": people,
        "laboratory": _filled("laboratory", WORDS[language]) if demo else "",
        "examples": _examples(language, demo) if demo else "",
        "nobody_note": WORDS[language]["nobody"] if demo else "",
        "data": _data(language, settings, demo, cookie),
    }
    return _filled("first", WORDS[language], pieces)


def mailbox_page(language: Language, sent: Iterable[Shown]) -> str:
    """Return what would have gone to phones and addresses, the latest first."""
    letters = "".join(_letter(language, shown) for shown in sent)
    empty = f"<li>{escape(WORDS[language]['mailbox_empty'])}</li>"
    return _filled("mailbox", WORDS[language], {"letters": letters or empty})


def _letter(language: Language, shown: Shown) -> str:
    at = shown.at.astimezone(MOSCOW)
    given = {
        "channel": escape(shown.channel),
        "to": escape(shown.to),
        "text": escape(shown.text),
        "at": escape(shown.at.isoformat()),
        "told": escape(f"{at:%d.%m.%Y %H:%M} {'MSK' if language == 'en' else 'МСК'}"),
    }
    return _filled("letter", WORDS[language], given)


def graphiql_page(language: Language, settings: WebSettings, demo: Demo | None, *, cookie: bool) -> str:
    """Return the page that GraphiQL lives in."""
    return _filled("graphiql", WORDS[language], {"data": _data(language, settings, demo, cookie)})


def _groups(language: Language, people: Iterable[DemoPerson]) -> str:
    everybody = list(people)
    pieces = []
    for group in get_args(Group):
        cards = [_card(language, person) for person in everybody if person.group == group]
        given = {"group": group, "heading": WORDS[language][f"group_{group}"], "cards": "".join(cards)}
        pieces.append(_filled("group", WORDS[language], given) if cards else "")
    return _filled("people", WORDS[language], {"groups": "".join(pieces)})


def _card(language: Language, person: DemoPerson) -> str:
    code = person.code()
    given = {
        "name": escape(person.name),
        "initials": escape("".join(word[0] for word in person.name.replace("«", "").split()[:2])),
        "role": escape(person.role_en if language == "en" else person.role_ru),
        "about": escape(person.about_en if language == "en" else person.about_ru),
        "person_login": escape(person.login),
        "person_password": escape(person.password),
        "person_code": escape(f"{code[:3]} {code[3:]}"),
    }
    return _filled("person", WORDS[language], given)


def _examples(language: Language, demo: Demo) -> str:
    names = {person.login: person.name for person in demo.people}
    items = "".join(_example(language, example, names[example.login]) for example in demo.examples)
    return _filled("examples", WORDS[language], {"items": items})


def _example(language: Language, example: Example, name: str) -> str:
    word = example.query.lstrip().partition(" ")[0]
    given = {
        "key": escape(example.key),
        "kind": escape(word),
        "example_title": escape(example.title_en if language == "en" else example.title_ru),
        "about": escape(example.about_en if language == "en" else example.about_ru),
        "name": escape(name),
    }
    return _filled("example", WORDS[language], given)


def _data(language: Language, settings: WebSettings, demo: Demo | None, cookie: bool) -> str:
    """Return what scripts read, as JSON that can't end its own element."""
    data: dict[str, Any] = {
        "language": language,
        "cookie": cookie,  # without one there is no session to ask for
        "graphql": settings.graphql,
        "graphiql": settings.graphiql,
        "words": SCRIPT_WORDS[language],
        "people": {person.login: {"name": person.name, "password": person.password} for person in demo.people}
        if demo
        else {},
    }
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _filled(name: str, words: Mapping[str, str], pieces: Mapping[str, str] | None = None) -> str:
    """Return a template with our own words, escaped, and pieces that are markup already."""
    return _TEMPLATES[name].substitute({key: escape(word) for key, word in words.items()} | dict(pieces or {}))
