"""PID → whom a message is about: identifiers with their systems, birth date, sex, name."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from domain.patients import IdentifierSystem, Sex
from domain.results import PersonNamed
from integrations.hl7.parsing import Segment
from integrations.hl7.values import day

AUTHORITIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("SNILS", "СНИЛС", "PFR", "ПФР", "СФР", "1.2.643.100.3"), IdentifierSystem.SNILS),
    **dict.fromkeys(
        ("OMS", "ОМС", "ENP", "ЕНП", "FFOMS", "ФФОМС", "FOMS", "ФОМС", "1.2.643.2.40.3.1"), IdentifierSystem.OMS
    ),
}
"""Assigning authorities, in capitals, and the systems whose numbers they give out."""

NATIONAL: Final = frozenset({IdentifierSystem.SNILS, IdentifierSystem.OMS})
_SEXES: Final[Mapping[str, Sex]] = {
    "M": Sex.MALE,
    "М": Sex.MALE,
    "F": Sex.FEMALE,
    "Ж": Sex.FEMALE,
    "O": Sex.OTHER,
}
_OID: Final = re.compile(r"[0-2](\.\d+)+\Z", re.ASCII)
LOCAL: Final = "urn:hl7:authority:"
SSN: Final = 19


def person(pid: Segment, sender: str, authorities: Mapping[str, str] = AUTHORITIES) -> PersonNamed:
    """Return the person whom a PID names; numbers that name no authority are the sender's own.

    Without a birth date there is nothing to agree on, so then national numbers alone count.
    """
    born = day(pid.text(7))
    found = dict.fromkeys(_identifiers(pid, sender, authorities))
    kept = tuple(item for item in found if born is not None or item[0] in NATIONAL)
    return PersonNamed(kept, pid.text(5, 1), pid.text(5, 2), born, _SEXES.get(pid.text(8).upper(), Sex.UNKNOWN))


def _identifiers(pid: Segment, sender: str, authorities: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field in (3, 2, 4):
        for n in range(1, pid.repetitions(field) + 1):
            value = pid.text(field, 1, repetition=n)
            if value:
                names = _authority(pid, field, n, authorities)
                yield from _in_systems(value, names or [sender], authorities)
    number = pid.text(SSN)
    if len(_digits(number)) == 11:  # a SNILS has eleven digits, an American number nine
        yield IdentifierSystem.SNILS, _digits(number)


def _authority(pid: Segment, field: int, n: int, authorities: Mapping[str, str]) -> list[str]:
    """Return the assigning authority's names (CX.4: name, universal id), or what kind of number it is (CX.5)."""
    names = [pid.text(field, 4, part, n) for part in (1, 2)]
    kind = pid.text(field, 5, 1, n)
    known = [kind] if kind.upper() in authorities else []
    return [*known, *filter(None, names)]


def _in_systems(value: str, names: list[str], authorities: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    mapped = [authorities[name.upper()] for name in names if name.upper() in authorities]
    if mapped:
        yield mapped[0], _digits(value) if mapped[0] in NATIONAL else value
        return
    for name in names:
        yield (f"urn:oid:{name}" if _OID.match(name) else f"{LOCAL}{quote(name)}"), value


def _digits(text: str) -> str:
    return re.sub(r"[\s.-]", "", text)
