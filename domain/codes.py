"""One-time codes that are sent: what for, by which way, and their bounds."""

from datetime import timedelta
from enum import StrEnum
from typing import Final


class Channel(StrEnum):
    """By which way a code goes."""

    SMS = "SMS"
    EMAIL = "EMAIL"


class Purpose(StrEnum):
    """What a code opens; one that was sent for something else opens nothing."""

    SIGN_IN = "SIGN_IN"
    STEP_UP = "STEP_UP"
    REGISTER = "REGISTER"
    CONTACT = "CONTACT"
    RECOVER = "RECOVER"
    CONFIRM = "CONFIRM"


LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 5
"""Guesses at one code: with six digits and `AN_HOUR`, 25 of a million an hour."""
AGAIN_AFTER: Final = timedelta(seconds=60)
AN_HOUR: Final = 5
"""Codes to one number or address."""

RUSSIAN: Final = {
    Purpose.SIGN_IN: "вход в кабинет",
    Purpose.STEP_UP: "подтверждение действия",
    Purpose.REGISTER: "регистрация",
    Purpose.CONTACT: "новый контакт",
    Purpose.RECOVER: "восстановление доступа",
    Purpose.CONFIRM: "подтверждение личности",
}
ENGLISH: Final = {
    Purpose.SIGN_IN: "signing in",
    Purpose.STEP_UP: "confirming an act",
    Purpose.REGISTER: "registration",
    Purpose.CONTACT: "a new contact",
    Purpose.RECOVER: "recovery of access",
    Purpose.CONFIRM: "confirming your identity",
}


def words(purpose: Purpose, code: str, language: str) -> str:
    """Return what the person reads: what it opens first, so that nobody is talked into reading it out."""
    minutes = LIFETIME.seconds // 60
    if language == "en":
        return f"Medkabinet, {ENGLISH[purpose]}: {code}. Tell it to nobody. Valid for {minutes} minutes."
    return f"Медкабинет, {RUSSIAN[purpose]}: {code}. Никому его не сообщайте. Действует {minutes} минут."
