"""Refusals: one class, one code; the docstring is the Russian message, `english` the English one."""

from typing import ClassVar

REFUSALS: "dict[str, type[Refusal]]" = {}
"""Every refusal by its code; the schema's `ErrorCode` enum is made from it."""


class Refusal(Exception):
    """Запрос отклонён."""

    code: ClassVar[str] = "REFUSED"
    english: ClassVar[str] = "The request was refused."

    def __init__(self, field: str | None = None, suggestion: str | None = None) -> None:
        super().__init__(self.code)
        self.field = field
        """The input's field at fault, as the schema spells it; never its value."""
        self.suggestion = suggestion
        self.others: tuple[Refusal, ...] = ()
        """Further faults of the same input."""
        self.recorded = False
        """Whether the audit log has its entry."""

    def __init_subclass__(cls) -> None:
        if REFUSALS.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"two refusals share the code {cls.code}")

    @classmethod
    def message(cls, language: str) -> str:
        """Return what a person reads, in `ru` or `en`."""
        return cls.english if language == "en" else (cls.__doc__ or "").strip()


class NotSignedIn(Refusal):
    """Войдите в кабинет."""

    code = "NOT_SIGNED_IN"
    english = "Sign in first."


class Forbidden(Refusal):
    """У вас нет права на это действие."""

    code = "FORBIDDEN"
    english = "You may not do this."


class NotFound(Refusal):
    """Такой записи нет."""

    code = "NOT_FOUND"
    english = "There is no such record."


class InvalidInput(Refusal):
    """Поле заполнено неверно."""

    code = "INVALID_INPUT"
    english = "The field is not filled in correctly."


class KeyReused(Refusal):
    """Этот ключ уже использован с другими данными."""

    code = "IDEMPOTENCY_KEY_REUSED"
    english = "This key was used with another input."


class AuditUnavailable(Refusal):
    """Журнал доступа сейчас не принимает записей, поэтому данные не показаны."""

    code = "AUDIT_UNAVAILABLE"
    english = "The audit log takes no entries at the moment, so nothing is shown."


class Unavailable(Refusal):
    """Сервис сейчас недоступен: повторите через несколько секунд."""

    code = "UNAVAILABLE"
    english = "The service is not available at the moment: try again in a few seconds."


class WrongCredentials(Refusal):
    """Неверный логин, пароль или код."""

    code = "WRONG_CREDENTIALS"
    english = "The login, the password or the code is wrong."


class TooManyAttempts(Refusal):
    """Слишком много попыток. Попробуйте позже."""

    code = "TOO_MANY_ATTEMPTS"
    english = "Too many attempts. Try again later."


class StepUpNeeded(Refusal):
    """Подтвердите, что это вы: введите код ещё раз."""

    code = "STEP_UP"
    english = "Confirm that it is you: enter a code once more."


class WeakPassword(Refusal):
    """Такой пароль слишком слаб или уже утёк."""

    code = "WEAK_PASSWORD"
    english = "This password is too weak, or it has leaked."


class IdentityRefused(Refusal):
    """Сервис идентификации не подтвердил вход. Попробуйте ещё раз."""

    code = "IDENTITY_REFUSED"
    english = "The identity service did not confirm the sign-in. Try again."


class IdentityNotConfirmed(Refusal):
    """Ваша учётная запись в сервисе идентификации не подтверждена."""

    code = "IDENTITY_NOT_CONFIRMED"
    english = "Your account at the identity service is not confirmed."


class WrongCode(Refusal):
    """Код неверен или уже не действует."""

    code = "WRONG_CODE"
    english = "The code is wrong, or no longer valid."


class SlotTaken(Refusal):
    """Это время уже занято."""

    code = "SLOT_TAKEN"
    english = "This time is already taken."


class SlotInPast(Refusal):
    """Это время уже прошло."""

    code = "SLOT_IN_PAST"
    english = "This time has passed."


class IllegalTransition(Refusal):
    """В этом состоянии действие невозможно."""

    code = "ILLEGAL_TRANSITION"
    english = "This cannot be done in the present state."


class AnotherReviewerNeeded(Refusal):
    """Нужно решение другого сотрудника."""

    code = "ANOTHER_REVIEWER_NEEDED"
    english = "Another reviewer has to decide."


class LastAdministrator(Refusal):
    """Это последний администратор организации. Сначала назначьте другого."""

    code = "LAST_ADMINISTRATOR"
    english = "This is the organization's last administrator. Give the role to another first."


class PatientUnknown(Refusal):
    """Пациент не найден."""

    code = "PATIENT_UNKNOWN"
    english = "No patient matches."


class PatientAmbiguous(Refusal):
    """Подходит больше одного пациента или данные расходятся."""

    code = "PATIENT_AMBIGUOUS"
    english = "More than one patient matches, or the data disagree."


class StreamGap(Refusal):
    """Часть событий уже не хранится: загрузите данные заново."""

    code = "STREAM_GAP"
    english = "Some events are no longer kept: load the data anew."


class TooCostly(Refusal):
    """Запрос слишком велик: уменьшите страницы или глубину."""

    code = "OPERATION_TOO_COSTLY"
    english = "The operation asks for too much: take smaller pages or go less deep."
