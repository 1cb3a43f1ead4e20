"""Why the server ends a stream: a stable code each, and what the client had better do."""

from datetime import datetime
from typing import ClassVar

from domain.access import Consent, Permission, Relation, RelationKind, Rights
from domain.errors import Refusal


class Ending(Refusal):
    """Поток событий завершён."""

    code = "STREAM_ENDED"
    english = "The stream has ended."
    session: ClassVar[bool] = False
    """Whether the session itself is over, so that the whole connection closes."""
    reconnect: ClassVar[bool] = False
    """Whether the whole connection closes, to be opened anew at once."""


class SessionEnded(Ending):
    """Сеанс завершён. Войдите снова."""

    code = "SESSION_ENDED"
    english = "The session has ended. Sign in again."
    session = True


class SessionExpired(Ending):
    """Сеанс истёк. Войдите снова."""

    code = "SESSION_EXPIRED"
    english = "The session has expired. Sign in again."
    session = True


class RoleChanged(Ending):
    """Ваши роли изменились. Подпишитесь заново."""

    code = "ROLE_CHANGED"
    english = "Your roles have changed. Subscribe again."


class ConsentWithdrawn(Ending):
    """Пациент отозвал согласие."""

    code = "CONSENT_WITHDRAWN"
    english = "The patient has withdrawn a consent."


class ConsentExpired(Ending):
    """Срок согласия пациента истёк."""

    code = "CONSENT_EXPIRED"
    english = "A patient's consent has expired."


class AssignmentEnded(Ending):
    """Вы больше не лечащий врач этого пациента."""

    code = "ASSIGNMENT_ENDED"
    english = "You no longer treat this patient."


class RepresentationEnded(Ending):
    """Вы больше не представляете этого пациента."""

    code = "REPRESENTATION_ENDED"
    english = "You no longer represent this patient."


class Reconnect(Ending):
    """Подписка открыта слишком долго. Подключитесь снова и продолжите с последнего курсора."""

    code = "RECONNECT"
    english = "The subscription has been open for long. Connect again and resume from the last cursor."
    reconnect = True


class ServerStopping(Ending):
    """Сервер перезапускается. Подключитесь снова и продолжите с последнего курсора."""

    code = "SERVER_STOPPING"
    english = "The server restarts. Connect again and resume from the last cursor."


class StreamUnavailable(Ending):
    """Данные временно недоступны. Подключитесь позже и продолжите с последнего курсора."""

    code = "STREAM_UNAVAILABLE"
    english = "The data are out of reach at the moment. Come back later and resume from the last cursor."


class TooManySubscriptions(Refusal):
    """Открыто слишком много подписок."""

    code = "TOO_MANY_SUBSCRIPTIONS"
    english = "Too many subscriptions are open."


def lost(rights: Rights, permission: Permission, patient_id: int, began: datetime) -> type[Ending] | None:
    """Return why a reader who could read a patient's events when a stream began no longer can; None if none did."""
    if rights.decide(permission, patient_id).allowed:
        return None
    ended = rights.lapsed(permission, patient_id)
    at = ended.ended(rights.at) if ended else None
    return _why(ended) if ended and at and at >= began else None


def _why(ended: Relation | Consent) -> type[Ending]:
    if isinstance(ended, Consent):
        return ConsentWithdrawn if ended.withdrawn_at else ConsentExpired
    return AssignmentEnded if ended.kind is RelationKind.TREATS else RepresentationEnded
