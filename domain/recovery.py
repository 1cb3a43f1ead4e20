"""Recovery of access: what is shown, how long it waits, and what is told meanwhile."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final


class RecoveryState(StrEnum):
    """Where a recovery stands."""

    WAITING = "WAITING"
    STOPPED = "STOPPED"
    DONE = "DONE"


S = RecoveryState
NEXT: Final[Mapping[RecoveryState, frozenset[RecoveryState]]] = {S.WAITING: frozenset({S.STOPPED, S.DONE})}
WAIT: Final = timedelta(hours=24)
"""Between the proof and the new password: whoever holds a session, the phone or the mailbox can stop a thief who has
the other. A phone that is stolen unlocked has both codes, but not the time."""

BEGUN: Final = {
    "ru": "Медкабинет: запрошено восстановление доступа. Новый пароль начнёт действовать через 24 часа."
    " Если это не вы, войдите в кабинет и остановите его.",
    "en": "Medkabinet: a recovery of your access was asked for. The new password counts after 24 hours."
    " If that wasn't you, sign in and stop it.",
}
DONE: Final = {
    "ru": "Медкабинет: доступ восстановлен, все сеансы завершены. Настройте приложение с кодами заново.",
    "en": "Medkabinet: your access is recovered, all sessions have ended. Set up an authenticator anew.",
}
