"""Changes of personal data: what may be asked for, by which form, and what is wrong with what was typed."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from domain.codes import Channel
from domain.contacts import InvalidContact, parse_contact
from domain.identifiers import InvalidIdentifier, parse_enp, parse_passport, parse_snils
from domain.patients import IdentifierSystem, Sex
from domain.registration import OLDEST


class ChangeCategory(StrEnum):
    """What of a person's data is to change."""

    NAME = "NAME"
    BIRTH = "BIRTH"
    ADDRESS = "ADDRESS"
    CONTACTS = "CONTACTS"
    PASSPORT = "PASSPORT"
    SNILS = "SNILS"
    POLICY = "POLICY"


class FieldKind(StrEnum):
    """How a client draws a field."""

    TEXT = "TEXT"
    DATE = "DATE"
    SEX = "SEX"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    DIGITS = "DIGITS"


class FaultCode(StrEnum):
    """What is wrong with a field."""

    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    TWICE = "TWICE"
    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    CHARACTERS = "CHARACTERS"
    MIXED_LETTERS = "MIXED_LETTERS"
    DATE = "DATE"
    SWAPPED = "SWAPPED"
    LENGTH = "LENGTH"
    CHECK_DIGIT = "CHECK_DIGIT"
    COUNTRY = "COUNTRY"
    DOMAIN = "DOMAIN"


WORDS: Final[Mapping[FaultCode, tuple[str, str]]] = {
    FaultCode.UNKNOWN_FIELD: ("Такого поля в этой форме нет.", "This form has no such field."),
    FaultCode.TWICE: ("Поле указано дважды.", "The field is given twice."),
    FaultCode.MISSING: ("Заполните это поле.", "Fill in this field."),
    FaultCode.TOO_LONG: ("Слишком длинно.", "This is too long."),
    FaultCode.CHARACTERS: ("Здесь недопустимые символы.", "There are characters that don't belong here."),
    FaultCode.MIXED_LETTERS: (
        "Русские и латинские буквы смешаны: похоже, включена другая раскладка.",
        "Russian and Latin letters are mixed: the keyboard seems to be in another layout.",
    ),
    FaultCode.DATE: ("Такой даты не может быть. Пишите ГГГГ-ММ-ДД.", "This can't be the date. Write YYYY-MM-DD."),
    FaultCode.SWAPPED: ("Похоже, серия и номер переставлены.", "Series and number look swapped."),
    FaultCode.LENGTH: ("Неверное количество цифр.", "The number of digits is wrong."),
    FaultCode.CHECK_DIGIT: (
        "Контрольная цифра не сходится: проверьте номер по документу.",
        "The check digit doesn't fit: compare the number with the document.",
    ),
    FaultCode.COUNTRY: ("Такого кода страны нет.", "There is no such country code."),
    FaultCode.DOMAIN: ("Похоже на опечатку в адресе.", "The address looks mistyped."),
}


class Fault(NamedTuple):
    """One fault of one field."""

    field: str
    code: FaultCode
    proposal: str | None = None
    """What was probably meant; only whoever typed it gets it."""


class FormField(NamedTuple):
    """One field of a form."""

    name: str
    kind: FieldKind
    label: str
    label_english: str
    required: bool = True
    longest: int = 100


class Form(NamedTuple):
    """A category's form."""

    category: ChangeCategory
    title: str
    title_english: str
    fields: tuple[FormField, ...]
    four_eyes: bool
    """Whether two reviewers must approve."""


C, K, F = ChangeCategory, FieldKind, FormField
FORMS: Final[Mapping[ChangeCategory, Form]] = {
    form.category: form
    for form in (
        Form(
            C.NAME,
            "Фамилия, имя, отчество",
            "Name",
            (
                F("familyName", K.TEXT, "Фамилия", "Family name"),
                F("givenName", K.TEXT, "Имя", "Given name"),
                F("patronymic", K.TEXT, "Отчество", "Patronymic", required=False),
            ),
            four_eyes=True,
        ),
        Form(
            C.BIRTH,
            "Дата рождения и пол",
            "Birth date and sex",
            (F("birthDate", K.DATE, "Дата рождения", "Birth date"), F("sex", K.SEX, "Пол", "Sex")),
            four_eyes=True,
        ),
        Form(C.ADDRESS, "Адрес", "Address", (F("address", K.TEXT, "Адрес", "Address", longest=500),), four_eyes=False),
        Form(
            C.CONTACTS,
            "Контакты",
            "Contacts",
            (F("phone", K.PHONE, "Телефон", "Phone"), F("email", K.EMAIL, "Почта", "E-mail", required=False)),
            four_eyes=False,
        ),
        Form(
            C.PASSPORT,
            "Паспорт",
            "Passport",
            (F("series", K.DIGITS, "Серия", "Series"), F("number", K.DIGITS, "Номер", "Number")),
            four_eyes=True,
        ),
        Form(C.SNILS, "СНИЛС", "SNILS", (F("snils", K.DIGITS, "СНИЛС", "SNILS"),), four_eyes=True),
        Form(C.POLICY, "Полис ОМС", "OMS policy", (F("policy", K.DIGITS, "Номер", "Number"),), four_eyes=False),
    )
}
SYSTEMS: Final[Mapping[ChangeCategory, str]] = {
    C.PASSPORT: IdentifierSystem.PASSPORT,
    C.SNILS: IdentifierSystem.SNILS,
    C.POLICY: IdentifierSystem.OMS,
}
"""Categories that are a number of the person's, and whose number it is."""
ATTRIBUTES: Final[Mapping[str, str]] = {
    "familyName": "family",
    "givenName": "given",
    "patronymic": "patronymic",
    "birthDate": "birth_date",
    "sex": "sex",
    "address": "address",
    "phone": "phone",
    "email": "email",
}
"""Fields of the forms that are the patient's own, and what they are called there."""
Values = tuple[tuple[str, str | None], ...]


def faults(category: ChangeCategory, values: Values, today: date) -> list[Fault]:
    """Return everything that is wrong with a form, each with what was probably meant, where that can be told."""
    return list(_checked(category, values, today)[1])


def normal(category: ChangeCategory, values: Values, today: date) -> Values:
    """Return a form without faults in normal form, in the form's order; an empty field is None."""
    good = _checked(category, values, today)[0]
    return tuple((field.name, good.get(field.name)) for field in FORMS[category].fields)


def number(values: Values) -> str:
    """Return the number that a form of a number gives."""
    return "".join(value or "" for _, value in values)


def _checked(category: ChangeCategory, values: Values, today: date) -> tuple[dict[str, str], list[Fault]]:
    form = FORMS[category]
    given = {name: value.strip() for name, value in values if value is not None and value.strip()}
    found = [*_strange(form, values)]
    good: dict[str, str] = {}
    for field in form.fields:
        typed = given.get(field.name)
        if typed is None:
            found += [Fault(field.name, FaultCode.MISSING)] if field.required else []
        elif len(typed) > field.longest:
            found.append(Fault(field.name, FaultCode.TOO_LONG))
        else:
            right = _field(field, typed, today)
            if isinstance(right, Fault):
                found.append(right)
            else:
                good[field.name] = right
    return good, [*found, *_passport(given)] if category is C.PASSPORT and not found else found


def _strange(form: Form, values: Values) -> Iterator[Fault]:
    known, seen = {field.name for field in form.fields}, set()
    for name, _ in values:
        if name not in known:
            yield Fault("values", FaultCode.UNKNOWN_FIELD)
        elif name in seen:
            yield Fault(name, FaultCode.TWICE)
        seen.add(name)


def _field(field: FormField, typed: str, today: date) -> str | Fault:
    if field.kind is K.DATE:
        return _date(field.name, typed, today)
    if field.kind is K.SEX:
        return typed if typed in (Sex.MALE, Sex.FEMALE) else Fault(field.name, FaultCode.CHARACTERS)
    if field.kind in _CHANNELS:
        return _contact(field.name, _CHANNELS[field.kind], typed)
    if field.kind is K.DIGITS:
        return _digits(field.name, typed)
    return _text(field, typed)


def _text(field: FormField, typed: str) -> str | Fault:
    plain = " ".join(typed.split())
    if any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in plain):
        return Fault(field.name, FaultCode.CHARACTERS)
    if field.name == "address":
        return plain
    if not all(c.isalpha() or c in " -'’." for c in plain) or not any(map(str.isalpha, plain)):
        return Fault(field.name, FaultCode.CHARACTERS)
    if _CYRILLIC.search(plain) and _LATIN.search(plain):
        meant = plain.translate(_LOOKALIKES)
        return Fault(field.name, FaultCode.MIXED_LETTERS, None if _LATIN.search(meant) else meant)
    return plain


def _date(name: str, typed: str, today: date) -> str | Fault:
    russian = _RUSSIAN_DATE.fullmatch(typed)
    try:
        meant = date(*map(int, reversed(russian.groups()))) if russian else date.fromisoformat(typed)
    except ValueError:
        return Fault(name, FaultCode.DATE)
    if meant > today or today.year - meant.year > OLDEST:
        return Fault(name, FaultCode.DATE)
    return Fault(name, FaultCode.DATE, meant.isoformat()) if russian else meant.isoformat()


def _contact(name: str, channel: Channel, typed: str) -> str | Fault:
    try:
        plain = parse_contact(channel, typed)
    except InvalidContact:
        return Fault(name, FaultCode.CHARACTERS)
    local, _, domain = plain.partition("@")
    return Fault(name, FaultCode.DOMAIN, f"{local}@{_MISTYPED[domain]}") if domain in _MISTYPED else plain


def _digits(name: str, typed: str) -> str | Fault:
    if name not in _NUMBERS:
        plain = re.sub("[\\s№-]", "", typed)
        return plain if plain.isascii() and plain.isdigit() else Fault(name, FaultCode.CHARACTERS)
    try:
        return _NUMBERS[name](typed)
    except InvalidIdentifier as wrong:
        return Fault(name, FaultCode(wrong.fault.value))


def _passport(given: Mapping[str, str]) -> list[Fault]:
    """Return what is wrong with the two parts together."""
    series, rest = (re.sub("[\\s№-]", "", given[name]) for name in ("series", "number"))
    if (len(series), len(rest)) == (6, 4):
        return [Fault("series", FaultCode.SWAPPED, rest), Fault("number", FaultCode.SWAPPED, series)]
    wrong = [Fault("series", FaultCode.LENGTH)] if len(series) != 4 else []
    wrong += [Fault("number", FaultCode.LENGTH)] if len(rest) != 6 else []
    if not wrong:
        parse_passport(series + rest)
    return wrong


_CHANNELS: Final = {K.PHONE: Channel.SMS, K.EMAIL: Channel.EMAIL}
_NUMBERS: Final[Mapping[str, Callable[[str], str]]] = {"snils": parse_snils, "policy": parse_enp}
_RUSSIAN_DATE: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_CYRILLIC: Final = re.compile("[а-яёА-ЯЁ]")
_LATIN: Final = re.compile("[A-Za-z]")
_LOOKALIKES: Final = str.maketrans("ABCEHKMOPTXaceopxy", "АВСЕНКМОРТХасеорху")
_MISTYPED: Final = {
    "gmial.com": "gmail.com",
    "gmail.ru": "gmail.com",
    "mail.com.ru": "mail.ru",
    "mial.ru": "mail.ru",
    "yandex.rru": "yandex.ru",
    "yndex.ru": "yandex.ru",
}
