"""What a national identity service says of a person."""

from datetime import date
from typing import NamedTuple

from domain.patients import Sex


class Claims(NamedTuple):
    """A person, vouched for; numbers and contacts in their normal form."""

    issuer: str
    subject: str
    """Who it is there, for ever."""
    confirmed: bool
    """Whether the service has seen the person's documents."""
    family: str
    given: str
    patronymic: str | None
    birth_date: date
    sex: Sex
    snils: str
    phone: str | None = None
    """Only where the service has confirmed it."""
    email: str | None = None
