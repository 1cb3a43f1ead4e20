"""Invented people, the same for the same seed: who they are, their visits, results and policies."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from bench.sizes import FIRST_DOCTOR, FIRST_PLACE, FIRST_SLOT, FIRST_SPECIALTY, PLACES, Size, person_id
from domain.appointments import AppointmentStatus, ServiceType
from domain.patients import Sex
from domain.results import Flag
from persistence.columns import to_micros
from server.demo.analytes import PANELS, Analyte

SEED: Final = 2026
ANCHOR: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""The people's present; a fixed day, so that equal seeds give equal answers."""
SLOTS_FROM: Final = datetime(2036, 1, 7, 6, tzinfo=UTC)
"""Ahead of whoever runs this."""
DAY: Final = 86_400_000_000
VISITS, DRAWS, LONG = 10, 5, 500
WATCHED: Final = "2823-3"
"""The analyte of the long series: potassium, taken every morning."""
NOW: Final = to_micros(ANCHOR)
CBC, CHEMISTRY, HORMONES = PANELS.values()
DRAWN: Final[tuple[Analyte, ...]] = (*CBC[:4], *CHEMISTRY[:5])
ANALYTES: Final = {analyte.code: analyte for panel in PANELS.values() for analyte in panel}
SPECIALTIES: Final = ("Терапевт", "Кардиолог", "Невролог", "Эндокринолог", "Хирург", "Офтальмолог")
FAMILIES: Final = ("Иванов", "Смирнов", "Кузнецов", "Попов", "Васильев", "Петров", "Соколов", "Михайлов", "Новиков")
MEN: Final = ("Александр", "Дмитрий", "Максим", "Сергей", "Андрей", "Алексей", "Иван")
WOMEN: Final = ("Анна", "Мария", "Елена", "Ольга", "Татьяна", "Наталья", "Ирина")
PATRONYMICS: Final = ("Иванов", "Петров", "Сергеев", "Андреев", "Алексеев")
REASONS: Final = ("Осмотр", "Повышенное давление", "Боль в спине", "Повторный приём", "Результаты анализов", None)


class Place(NamedTuple):
    """A clinic, or an insurer."""

    id: int
    kind: str
    name: str
    address: str


class Doctor(NamedTuple):
    """A doctor of a clinic."""

    id: int
    name: str
    specialty_id: int
    place_id: int


class Slot(NamedTuple):
    """A free time."""

    id: int
    doctor: Doctor
    starts_at: int
    ends_at: int


class Visit(NamedTuple):
    """A visit, past or to come."""

    id: int
    doctor: Doctor
    starts_at: int
    ends_at: int
    status: str
    service_type: str
    reason: str | None


class Finding(NamedTuple):
    """A value of an analyte."""

    id: int
    analyte: Analyte
    taken_at: int
    value: str
    low: str | None
    high: str | None
    flag: Flag


class Policy(NamedTuple):
    """A policy of insurance."""

    id: int
    kind: str
    number: str
    starts_on: date
    ends_on: date
    insurer_id: int


class Person(NamedTuple):
    """A patient with an account."""

    id: int
    family: str
    given: str
    patronymic: str
    birth_date: date
    sex: Sex
    phone: str
    email: str
    address: str
    doctor: Doctor
    visits: list[Visit]
    findings: list[Finding]
    policies: list[Policy]

    @property
    def name(self) -> str:
        """What the account is called."""
        return f"{self.given} {self.family}"


def places() -> list[Place]:
    """Return the clinics, then the two insurers."""
    clinics = [
        Place(FIRST_PLACE + n, "CLINIC", f"Поликлиника № {n + 1}", f"ул. Садовая, {n + 1}") for n in range(PLACES)
    ]
    insurers = [Place(FIRST_PLACE + PLACES + n, "INSURER", f"Страховая «{n + 1}»", "пр. Мира, 1") for n in range(2)]
    return clinics + insurers


def doctors(size: Size) -> list[Doctor]:
    """Return every doctor."""
    return [
        Doctor(
            FIRST_DOCTOR + n,
            f"{FAMILIES[n % 9]} {MEN[n % 7]} {PATRONYMICS[n % 5]}ич",
            FIRST_SPECIALTY + n % len(SPECIALTIES),
            FIRST_PLACE + n % PLACES,
        )
        for n in range(size.doctors)
    ]


def slots(size: Size) -> Iterator[Slot]:
    """Yield every free time, doctors taking turns, so that neighbours don't fight for one doctor."""
    everyone, length = doctors(size), 30 * 60_000_000
    number = FIRST_SLOT
    for turn in range(size.slots_a_doctor):
        starts = to_micros(SLOTS_FROM) + turn * length
        for doctor in everyone:
            yield Slot(number, doctor, starts, starts + length)
            number += 1


def person(size: Size, everyone: list[Doctor], number: int, seed: int = SEED) -> Person:
    """Return the nth patient."""
    chance = random.Random(f"{seed}/{number}")
    first = person_id(number)
    woman = chance.random() < 0.5
    doctor = chance.choice(everyone)
    return Person(
        first,
        chance.choice(FAMILIES) + ("а" if woman else ""),
        chance.choice(WOMEN if woman else MEN),
        chance.choice(PATRONYMICS) + ("на" if woman else "ич"),
        date(1936, 1, 1) + timedelta(days=chance.randrange(30_000)),
        Sex.FEMALE if woman else Sex.MALE,
        f"+7900{number:07}",
        f"patient{number}@example.org",
        f"Москва, ул. Лесная, {chance.randrange(1, 120)}, кв. {chance.randrange(1, 300)}",
        doctor,
        _visits(chance, first + 10, everyone, doctor),
        _findings(chance, first + 100, Sex.FEMALE if woman else Sex.MALE, long=size.long(number)),
        _policies(chance, first + 5, number),
    )


def _visits(chance: random.Random, first: int, everyone: list[Doctor], own: Doctor) -> list[Visit]:
    found = []
    for n in range(VISITS):
        starts = NOW + (n - 7) * 21 * DAY + chance.randrange(18) * 1_800_000_000 + 6 * 3_600_000_000
        doctor = own if chance.random() < 0.5 else chance.choice(everyone)
        status = AppointmentStatus.BOOKED if starts > NOW else AppointmentStatus.COMPLETED
        kind = chance.choice(tuple(ServiceType)).value
        reason = chance.choice(REASONS)
        found.append(Visit(first + n, doctor, starts, starts + 1_800_000_000, status.value, kind, reason))
    return found


def _findings(chance: random.Random, first: int, sex: Sex, *, long: bool) -> list[Finding]:
    found = []
    for draw in range(DRAWS):
        at = (
            NOW - (draw * 90 + 1 + chance.randrange(60)) * DAY + 5 * 3_600_000_000 + chance.randrange(3_600) * 1_000_000
        )
        found += [_finding(chance, first + draw * len(DRAWN) + n, at, a, sex) for n, a in enumerate(DRAWN)]
    if long:
        first += len(found)
        potassium = ANALYTES[WATCHED]
        found = [f for f in found if f.analyte is not potassium]  # every point of the series is of the same hour
        found += [_finding(chance, first + n, long_point(n), potassium, sex) for n in range(LONG)]
    return found


def long_point(number: int) -> int:
    """Return when the nth point of a long series, the latest first, was taken."""
    return NOW - (number + 1) * DAY + 4 * 3_600_000_000


def _finding(chance: random.Random, number: int, at: int, analyte: Analyte, sex: Sex) -> Finding:
    low, high = analyte.normal(sex)
    top = high if high is not None else 100.0
    bottom = low if low is not None else top / 4
    value = f"{chance.gauss((bottom + top) / 2, (top - bottom) / 4):.{analyte.decimals}f}"
    flag = Flag.LOW if float(value) < bottom else Flag.HIGH if float(value) > top else Flag.NORMAL
    return Finding(number, analyte, at, value, _text(low), _text(high), flag)


def _text(bound: float | None) -> str | None:
    return None if bound is None else str(bound)


def _policies(chance: random.Random, first: int, number: int) -> list[Policy]:
    insurer = FIRST_PLACE + PLACES + chance.randrange(2)
    compulsory = Policy(first, "OMS", f"77{number:014}", date(2020, 1, 1), date(2035, 12, 31), insurer)
    if chance.random() < 0.7:
        return [compulsory]
    return [compulsory, Policy(first + 1, "DMS", f"ДМС-{number:08}", date(2026, 1, 1), date(2034, 12, 31), insurer)]
