"""What an entry of the audit log says to the person whose record it is, in plain words."""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.access import Category, Ground
from domain.accounts import Role
from domain.audit import AuditAction

WHO: Final[Mapping[str, tuple[str, str]]] = {
    Role.DOCTOR: ("Врач", "A doctor"),
    Role.REVIEWER: ("Сотрудник, который рассматривает заявления", "A member of staff who works requests"),
    Role.SUPPORT_AGENT: ("Сотрудник поддержки", "A support agent"),
    Role.ADMINISTRATOR: ("Администратор", "An administrator"),
    Role.SECURITY_OFFICER: ("Сотрудник службы безопасности", "A security officer"),
    Role.SERVICE_OPERATOR: ("Оператор сервиса", "A service operator"),
    Role.LABORATORY: ("Лаборатория", "A laboratory"),
    Role.INSURER: ("Страховая компания", "An insurer"),
    Role.RECORD_SYSTEM: ("Медицинская информационная система", "A medical record system"),
}
DID: Final[Mapping[str, tuple[str, str]]] = {
    AuditAction.READ: ("открывал(а) вашу карту", "opened your record"),
    AuditAction.BOOK: ("записал(а) вас на приём", "booked a visit for you"),
    AuditAction.CANCEL: ("отменил(а) запись на приём", "cancelled a visit"),
    AuditAction.SUBMIT: ("подал(а) заявление", "submitted a request"),
    AuditAction.TAKE: ("взял(а) заявление в работу", "took a request to work on"),
    AuditAction.ASK: ("запросил(а) дополнения к заявлению", "asked for more about a request"),
    AuditAction.ANSWER: ("дополнил(а) заявление", "completed a request"),
    AuditAction.APPROVE: ("одобрил(а) заявление", "approved a request"),
    AuditAction.REJECT: ("отклонил(а) заявление", "rejected a request"),
    AuditAction.WITHDRAW: ("отозвал(а) заявление", "withdrew a request"),
    AuditAction.RECEIVE: ("прислал(а) результат исследования", "sent the result of a study"),
    AuditAction.IMPORT: ("передал(а) сведения в вашу карту", "sent data into your record"),
    AuditAction.POLICY_STATUS: ("сообщил(а) состояние полиса", "told the state of a policy"),
    AuditAction.GIVE_CONSENT: ("дал(а) согласие", "gave a consent"),
    AuditAction.WITHDRAW_CONSENT: ("отозвал(а) согласие", "withdrew a consent"),
    AuditAction.PROVE: ("запросил(а) доказательство журнала", "asked for the proof of the log"),
    AuditAction.EXPORT: ("запросил(а) копию данных", "asked for a copy of the data"),
    AuditAction.DOWNLOAD: ("скачал(а) копию данных", "downloaded a copy of the data"),
    AuditAction.ERASE: ("удалил(а) данные", "erased data"),
}
WHAT: Final[Mapping[str, tuple[str, str]]] = {
    Category.PROFILE: ("имя, дата рождения, пол", "name, birth date, sex"),
    Category.CONTACTS: ("контакты", "contacts"),
    Category.IDENTIFIERS: ("номера документов", "numbers of documents"),
    Category.APPOINTMENTS: ("записи на приём", "visits"),
    Category.RESULTS: ("результаты исследований", "results of studies"),
    Category.RECORD: ("медицинская карта", "the medical record"),
    Category.POLICIES: ("полисы", "policies"),
    Category.REQUESTS: ("заявления", "requests"),
    Category.ACCESS_LOG: ("журнал доступа", "the log of openings"),
    Category.CONSENTS: ("согласия", "consents"),
}
WHY: Final[Mapping[str, tuple[str, str]]] = {
    Ground.OWN: ("это ваша карта", "it is your own record"),
    Ground.REPRESENTS: ("ваш законный представитель", "your representative"),
    Ground.TREATS: ("ваш лечащий врач", "your treating doctor"),
    Ground.CONSENT: ("ваше согласие", "your consent"),
    Ground.SERVES: ("рассматривает ваше заявление", "works on your request"),
    Ground.PARTNER: ("обмен данными с организацией", "data exchange with the organization"),
}
_REFUSED: Final = ("попытка отклонена", "the attempt was refused")
_YOU: Final = ("Вы", "You")
_SOMEONE: Final = ("Пользователь", "Somebody")


def in_words(
    action: str, outcome: str, roles: Sequence[str], categories: Sequence[str], ground: str | None, *, english: bool
) -> str:
    """Return one sentence: who did what with which data, on what ground.

    `Врач открывал(а) вашу карту: результаты исследований. Основание: ваш лечащий врач.`
    """
    tongue = int(english)
    who = _YOU[tongue] if ground == Ground.OWN else WHO[roles[0]][tongue] if roles else _SOMEONE[tongue]
    did = DID[action][tongue] if action in DID else action
    what = ", ".join(WHAT[category][tongue] for category in categories if category in WHAT)
    said = f"{who} {did}: {what}." if what else f"{who} {did}."
    if outcome != "DONE":
        return f"{said[:-1]} – {_REFUSED[tongue]}."
    why = WHY[ground][tongue] if ground and ground in WHY else ""
    label = "Ground" if english else "Основание"
    return f"{said} {label}: {why}." if why and ground != Ground.OWN else said
