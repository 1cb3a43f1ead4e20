"""What people agree to: the purposes, and the very texts that are shown, each version for ever."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class ConsentPurpose(StrEnum):
    """What a record is opened for."""

    TREATMENT = "TREATMENT"
    SECOND_OPINION = "SECOND_OPINION"
    RESEARCH = "RESEARCH"


class ConsentText(NamedTuple):
    """A text as it was shown."""

    purpose: ConsentPurpose
    version: str
    language: str
    text: str

    @property
    def hash(self) -> bytes:
        """Return the SHA-256 of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).digest()


P = ConsentPurpose
CURRENT: Final[Mapping[ConsentPurpose, str]] = {
    P.TREATMENT: "2026-11",
    P.SECOND_OPINION: "2026-11",
    P.RESEARCH: "2026-11",
}
"""The version that is asked for now."""
TEXTS: Final = (
    ConsentText(
        P.TREATMENT,
        "2026-11",
        "ru",
        "Я разрешаю названному врачу или организации читать выбранные разделы моей медицинской карты"
        " в целях лечения до указанного срока. Я могу отозвать это согласие в любой момент.",
    ),
    ConsentText(
        P.TREATMENT,
        "2026-11",
        "en",
        "I allow the named doctor or organization to read the chosen parts of my medical record"
        " for my treatment until the given date. I can withdraw this consent at any moment.",
    ),
    ConsentText(
        P.SECOND_OPINION,
        "2026-11",
        "ru",
        "Я разрешаю названному врачу или организации читать выбранные разделы моей медицинской карты,"
        " чтобы дать мне второе мнение, до указанного срока. Я могу отозвать это согласие в любой момент.",
    ),
    ConsentText(
        P.SECOND_OPINION,
        "2026-11",
        "en",
        "I allow the named doctor or organization to read the chosen parts of my medical record"
        " to give me a second opinion until the given date. I can withdraw this consent at any moment.",
    ),
    ConsentText(
        P.RESEARCH,
        "2026-11",
        "ru",
        "Я разрешаю названному врачу или организации использовать выбранные разделы моей медицинской карты"
        " в научном исследовании до указанного срока. Отказ не влияет на лечение. Я могу отозвать это согласие"
        " в любой момент.",
    ),
    ConsentText(
        P.RESEARCH,
        "2026-11",
        "en",
        "I allow the named doctor or organization to use the chosen parts of my medical record"
        " in a scientific study until the given date. A refusal doesn't affect my treatment. I can withdraw this"
        " consent at any moment.",
    ),
)
"""A text that was shown once is never changed: a change is a new version."""
_BY_HASH: Final = {text.hash: text for text in TEXTS}


def shown(purpose: ConsentPurpose, language: str) -> ConsentText:
    """Return the text that is asked for now."""
    version = CURRENT[purpose]
    found = (t for t in TEXTS if (t.purpose, t.version, t.language) == (purpose, version, language))
    return next(found, None) or shown(purpose, "ru")


def agreed(text_hash: bytes) -> ConsentText | None:
    """Return the text that somebody agreed to; None if it was never one of ours."""
    return _BY_HASH.get(text_hash)
