"""Registration: from confirmed contacts to a confirmed identity, as a table of moves; what personal data must be."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from domain.errors import InvalidInput
from domain.identifiers import InvalidIdentifier, enp_parts, parse_enp, parse_passport, parse_snils
from domain.patients import Sex
from domain.scans import WORDS as FILE_WORDS


class RegistrationState(StrEnum):
    """Where a registration stands."""

    DATA = "DATA"
    DOCUMENTS = "DOCUMENTS"
    CHECKING = "CHECKING"
    CORRECTION = "CORRECTION"
    FACTOR = "FACTOR"
    VIDEO = "VIDEO"
    CONFIRMED = "CONFIRMED"


S = RegistrationState

NEXT: Final[Mapping[RegistrationState, frozenset[RegistrationState]]] = {
    S.DATA: frozenset({S.DOCUMENTS}),
    S.DOCUMENTS: frozenset({S.DOCUMENTS, S.CHECKING}),
    S.CHECKING: frozenset({S.FACTOR, S.CORRECTION}),
    S.CORRECTION: frozenset({S.DOCUMENTS, S.CHECKING, S.VIDEO}),
    S.FACTOR: frozenset({S.CONFIRMED, S.VIDEO, S.CORRECTION}),
    S.VIDEO: frozenset({S.CONFIRMED, S.CORRECTION}),
}


class ComplaintCode(StrEnum):
    """What is wrong with a field, or asks for a closer look."""

    REGISTRY_DISAGREES = "REGISTRY_DISAGREES"
    REGISTRY_UNKNOWN = "REGISTRY_UNKNOWN"
    REGISTRY_AWAY = "REGISTRY_AWAY"
    POLICY_OF_ANOTHER = "POLICY_OF_ANOTHER"
    SCAN_MISSING = "SCAN_MISSING"
    RECORD_ELSEWHERE = "RECORD_ELSEWHERE"
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    OPERATOR = "OPERATOR"


WORDS: Final[Mapping[ComplaintCode, tuple[str, str]]] = {
    ComplaintCode.REGISTRY_DISAGREES: (
        "В реестре населения указано другое. Сверьте с документом и исправьте, либо пройдите видеопроверку.",
        "The population registry says otherwise. Compare with the document and correct it, or ask for a video check.",
    ),
    ComplaintCode.REGISTRY_UNKNOWN: (
        "В реестре населения такого человека нет. Проверьте номера, либо пройдите видеопроверку.",
        "The population registry knows nobody such. Check the numbers, or ask for a video check.",
    ),
    ComplaintCode.REGISTRY_AWAY: (
        "Реестр населения не отвечает: личность подтвердит сотрудник по видеопроверке.",
        "The population registry doesn't answer: a person will confirm your identity by a video check.",
    ),
    ComplaintCode.POLICY_OF_ANOTHER: (
        "Номер полиса содержит другую дату рождения или другой пол. Если номер верен, нужна видеопроверка.",
        "The policy's number holds another birth date or sex. If the number is right, a video check is needed.",
    ),
    ComplaintCode.SCAN_MISSING: ("Нужен скан этого документа.", "A scan of this document is needed."),
    ComplaintCode.RECORD_ELSEWHERE: (
        "Карта с этим СНИЛС уже есть, и в ней другой телефон: нужна видеопроверка.",
        "There is a record with this SNILS, and it has another phone: a video check is needed.",
    ),
    ComplaintCode.ALREADY_REGISTERED: (
        "У этого человека уже есть кабинет: восстановите доступ к нему.",
        "This person has an account: recover the access to it.",
    ),
    ComplaintCode.OPERATOR: ("Замечание сотрудника.", "The operator's remark."),
}
NEEDS_VIDEO: Final = frozenset(
    {ComplaintCode.REGISTRY_AWAY, ComplaintCode.POLICY_OF_ANOTHER, ComplaintCode.RECORD_ELSEWHERE}
)
"""Complaints that a code doesn't answer: somebody must look."""


class Complaint(msgspec.Struct, frozen=True, array_like=True):
    """One complaint about one field or file."""

    field: str
    """The input's field or the scan's kind, as the schema spells it; empty: all of it."""
    code: str
    """Of `ComplaintCode` or `ScanFault`."""
    said: str | None = None
    """An operator's own words."""

    @property
    def words(self) -> str:
        """Return what a person reads, in Russian."""
        return self.said or _ALL[self.code][0]

    @property
    def words_english(self) -> str:
        """Return the same in English."""
        return self.said or _ALL[self.code][1]


_ALL: Final[Mapping[str, tuple[str, str]]] = {
    **{code.value: words for code, words in WORDS.items()},
    **{fault.value: words for fault, words in FILE_WORDS.items()},
}


class PersonalData(msgspec.Struct, frozen=True, array_like=True):
    """Who somebody says to be; numbers in their normal form."""

    family: str
    given: str
    patronymic: str | None
    birth_date: date
    sex: Sex
    passport: str
    snils: str
    policy: str


YOUNGEST: Final = 14
"""Whole years: from then on people have a passport (Government decree 2267 of 23.12.2023); younger ones are
represented by a parent."""
OLDEST: Final = 125


def checked(data: PersonalData, today: date) -> PersonalData:
    """Return the data in normal form.

    Raises:
        InvalidInput: a field is wrong; `others` has the further ones, each by its name and with its fault.
    """
    faults = [*_names(data), *_birth(data.birth_date, today)]
    numbers = {}
    for field, parse in _NUMBERS.items():
        try:
            numbers[field] = parse(getattr(data, field))
        except InvalidIdentifier as fault:
            faults.append(InvalidInput(field, fault.fault))
    if faults:
        first, *others = faults
        first.others = tuple(others)
        raise first
    names = {name: _spaced(getattr(data, name)) for name in ("family", "given")}
    patronymic = _spaced(data.patronymic) if data.patronymic else None
    return msgspec.structs.replace(data, patronymic=patronymic, **names, **numbers)


def doubts(data: PersonalData) -> tuple[Complaint, ...]:
    """Return what asks for a closer look though nothing is wrong: registers hold odd policy numbers."""
    try:
        parts = enp_parts(data.policy)
    except InvalidIdentifier:
        parts = None
    if parts is not None and parts.birth_date == data.birth_date and parts.sex is data.sex:
        return ()
    return (Complaint("policy", ComplaintCode.POLICY_OF_ANOTHER),)


_NUMBERS: Final[Mapping[str, Callable[[str], str]]] = {
    "passport": parse_passport,
    "snils": parse_snils,
    "policy": parse_enp,
}


def _spaced(name: str) -> str:
    return " ".join(name.split())


def _names(data: PersonalData) -> list[InvalidInput]:
    given = {"familyName": data.family, "givenName": data.given, "patronymic": data.patronymic or "Нет"}
    return [InvalidInput(field, "CHARACTERS") for field, name in given.items() if not _is_name(name)]


def _is_name(name: str) -> bool:
    plain = _spaced(name)
    return 1 <= len(plain) <= 100 and all(c.isalpha() or c in " -'’." for c in plain) and any(map(str.isalpha, plain))


def _birth(born: date, today: date) -> list[InvalidInput]:
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today or age > OLDEST:
        return [InvalidInput("birthDate", "DATE")]
    return [InvalidInput("birthDate", "TOO_YOUNG")] if age < YOUNGEST else []
