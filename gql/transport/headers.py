"""Request headers as plain text, and the few that every protocol reads alike."""

from functools import lru_cache

from python_multipart.multipart import parse_options_header
from starlette.types import Scope

from gql.exchange import Language


def read(scope: Scope) -> dict[str, str]:
    """Return the headers by lower-case name; repeated ones are joined, so that no second value hides behind a first."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in found:
            value = f"{found[name]}{'; ' if name == 'cookie' else ', '}{value}"
        found[name] = value
    return found


def too_large(scope: Scope, limit: int) -> bool:
    """Return whether URL and headers together are over `limit` bytes (httptools itself has no bound)."""
    size = len(scope.get("raw_path", b"")) + len(scope["query_string"])
    return size + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > limit


@lru_cache(maxsize=64)
def content_type(value: str) -> tuple[str, dict[str, str]]:
    """Return a Content-Type's media type in lower case and its parameters."""
    kind, options = parse_options_header(value)
    return kind.decode("latin-1"), {name.decode("latin-1"): text.decode("latin-1") for name, text in options.items()}


def weighted(value: str) -> list[tuple[str, float]]:
    """Return the members of an Accept-like header with their weights, in the client's order."""
    members = []
    for member in value.split(","):
        name, *options = (part.strip() for part in member.split(";"))
        weights = [_weight(option[2:]) for option in options if option[:2].lower() == "q="]
        rest = [option for option in options if option[:2].lower() != "q="]
        members.append((";".join([name, *rest]), weights[0] if weights else 1.0))
    return members


def _weight(text: str) -> float:
    """Return a q-value between 0 and 1; 0 where it isn't one."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


@lru_cache(maxsize=256)
def language(accept_language: str) -> Language:
    """Return the language that the client prefers of ours; Russian where it doesn't say."""
    best: Language = "ru"
    best_weight = 0.0
    for name, weight in weighted(accept_language):
        tag = name.lower().partition("-")[0]
        if weight > best_weight and tag in ("ru", "en"):
            best, best_weight = ("ru" if tag == "ru" else "en"), weight
    return best
