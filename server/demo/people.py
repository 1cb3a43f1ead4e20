"""The demonstration's cast: all of it is invented, none of it names a living person."""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from domain.accounts import IdentityLevel, Role
from domain.patients import Sex
from server.demo.numbers import snils

PASSWORD: Final = "open-house-demo"  # noqa: S105 - shown on the first page, of invented people only


class Place(NamedTuple):
    """An organization."""

    kind: str
    name: str
    address: str
    phone: str


class Doctor(NamedTuple):
    """A practitioner."""

    name: str
    specialty: str
    place: str


class Patient(NamedTuple):
    """A person with a record."""

    family: str
    given: str
    patronymic: str
    born: date
    sex: Sex
    number: int
    """Nine invented digits that SNILS and policy are made of."""
    address: str
    doctor: str
    drift: Mapping[str, float]
    """Where an analyte (LOINC) went over three years, in widths of its normal range."""

    @property
    def snils(self) -> str:
        """Return the number that laboratories name the person by."""
        return snils(self.number)


class Persona(NamedTuple):
    """Somebody who can sign in."""

    login: str
    name: str
    role: Role | None = None
    place: str = ""
    patient: str | None = None
    doctor: str | None = None
    level: IdentityLevel = IdentityLevel.CONFIRMED


PLACES: Final[Mapping[str, Place]] = {
    "yauza": Place("CLINIC", "Клиника на Яузе", "Москва, Набережная ул., 12", "+74950000012"),
    "north": Place("CLINIC", "Поликлиника «Северное сияние»", "Москва, Полярный пр-д, 4", "+74950000004"),
    "lab": Place("LABORATORY", "Лаборатория «Точный анализ»", "Москва, Лабораторный пер., 7", "+74950000007"),
    "insurer": Place("INSURER", "Страховая компания «Добрый полис»", "Москва, Страховая ул., 1", "+74950000001"),
}

SPECIALTIES: Final[Mapping[str, tuple[str, str]]] = {
    "therapy": ("Терапия", "General practice"),
    "cardiology": ("Кардиология", "Cardiology"),
    "endocrinology": ("Эндокринология", "Endocrinology"),
    "neurology": ("Неврология", "Neurology"),
    "surgery": ("Хирургия", "Surgery"),
    "paediatrics": ("Педиатрия", "Paediatrics"),
    "ophthalmology": ("Офтальмология", "Ophthalmology"),
    "ent": ("Оториноларингология", "Otorhinolaryngology"),
}

DOCTORS: Final[Mapping[str, Doctor]] = {
    "sokolov": Doctor("Соколов Дмитрий Андреевич", "therapy", "yauza"),
    "nikitina": Doctor("Никитина Елена Сергеевна", "endocrinology", "yauza"),
    "shahnazarov": Doctor("Шахназаров Артур Левонович", "neurology", "yauza"),
    "gromov": Doctor("Громов Павел Ильич", "surgery", "yauza"),
    "kuznetsova": Doctor("Кузнецова Наталья Олеговна", "paediatrics", "yauza"),
    "beliaev": Doctor("Беляев Игорь Юрьевич", "ent", "yauza"),
    "larina": Doctor("Ларина Ольга Викторовна", "cardiology", "north"),
    "efimov": Doctor("Ефимов Сергей Николаевич", "therapy", "north"),
    "akhmetova": Doctor("Ахметова Диана Маратовна", "ophthalmology", "north"),
    "vorontsov": Doctor("Воронцов Алексей Петрович", "ent", "north"),
    "zaitseva": Doctor("Зайцева Юлия Романовна", "endocrinology", "north"),
    "melnik": Doctor("Мельник Тарас Богданович", "surgery", "north"),
}

PATIENTS: Final[Mapping[str, Patient]] = {
    "anna": Patient(
        "Смирнова",
        "Анна",
        "Петровна",
        date(1980, 2, 1),
        Sex.FEMALE,
        912345678,
        "Москва, Тихая ул., 5, кв. 17",
        "sokolov",
        {"2823-3": 0.35, "14682-9": 0.4, "14647-2": 0.55},
    ),
    "vera": Patient(
        "Смирнова",
        "Вера",
        "Ильинична",
        date(2017, 5, 14),
        Sex.FEMALE,
        912345702,
        "Москва, Тихая ул., 5, кв. 17",
        "kuznetsova",
        {"2276-4": -0.4},
    ),
    "boris": Patient(
        "Орлов",
        "Борис",
        "Михайлович",
        date(1963, 9, 21),
        Sex.MALE,
        912345711,
        "Москва, Парковая ул., 30, кв. 4",
        "zaitseva",
        {"14771-0": 1.3, "4548-4": 0.9, "14647-2": 0.4},
    ),
    "galina": Patient(
        "Ковалёва",
        "Галина",
        "Фёдоровна",
        date(1948, 11, 30),
        Sex.FEMALE,
        912345724,
        "Москва, Садовая ул., 8, кв. 61",
        "sokolov",
        {"718-7": -0.75, "14682-9": 0.8, "2276-4": -0.5},
    ),
    "timur": Patient(
        "Гареев",
        "Тимур",
        "Рашидович",
        date(1991, 7, 8),
        Sex.MALE,
        912345733,
        "Москва, Речная ул., 2, кв. 90",
        "sokolov",
        {},
    ),
    "maria": Patient(
        "Белкина",
        "Мария",
        "Львовна",
        date(2001, 3, 2),
        Sex.FEMALE,
        912345749,
        "Москва, Лесная ул., 11, кв. 3",
        "efimov",
        {"3016-3": 0.7},
    ),
}

PERSONAS: Final[tuple[Persona, ...]] = (
    Persona("anna@example.org", "Анна Смирнова", patient="anna"),
    Persona("boris@example.org", "Борис Орлов", patient="boris"),
    Persona("oleg@example.org", "Олег Новичков", level=IdentityLevel.SIMPLIFIED),
    Persona("galina@example.org", "Галина Ковалёва", patient="galina"),
    Persona("timur@example.org", "Тимур Гареев", patient="timur"),
    Persona("maria@example.org", "Мария Белкина", patient="maria"),
    Persona("sokolov@example.org", "Дмитрий Соколов", Role.DOCTOR, "yauza", doctor="sokolov"),
    Persona("larina@example.org", "Ольга Ларина", Role.DOCTOR, "north", doctor="larina"),
    Persona("reviewer@example.org", "Татьяна Рябова", Role.REVIEWER, "yauza"),
    Persona("support@example.org", "Кирилл Ветров", Role.SUPPORT_AGENT, "yauza"),
    Persona("admin@example.org", "Светлана Ким", Role.ADMINISTRATOR, "yauza"),
    Persona("security@example.org", "Роман Щукин", Role.SECURITY_OFFICER, "yauza"),
    Persona("lab@example.org", "ЛИС «Точный анализ»", Role.LABORATORY, "lab"),
    Persona("insurer@example.org", "Система «Добрый полис»", Role.INSURER, "insurer"),
    Persona("records@example.org", "МИС «Северное сияние»", Role.RECORD_SYSTEM, "north"),
    Persona("operator@example.org", "Лев Дежнёв", Role.SERVICE_OPERATOR, "yauza"),
)
"""The last one is added last: whoever finds all of them finds the whole demonstration."""
