"""Texts of the notices that the law asks for after a breach (152-FZ, article 21, part 3.1); a person completes them."""

from datetime import datetime

from domain.appeals import MOSCOW


def regulator(
    title: str, details: str, discovered_at: datetime, since: datetime, until: datetime, affected: int
) -> str:
    """Return the first notice to Roskomnadzor, due 24 hours after the discovery."""
    return (
        "Уведомление о факте неправомерной или случайной передачи (предоставления, распространения, доступа)"
        " персональных данных\n\n"
        f"Инцидент: {title}\nВыявлен: {_told(discovered_at)}\n"
        f"Период: {_told(since)} – {_told(until)}\n"
        f"Предполагаемые причины и обстоятельства: {details}\n"
        f"Предполагаемый вред: раскрытие сведений о здоровье; затронуто субъектов: {affected}\n"
        "Принятые меры: доступ прекращён, начато внутреннее расследование\n"
        "Лицо, уполномоченное на взаимодействие с Роскомнадзором: ______________________\n"
    )


def inquiry(title: str, findings: str, discovered_at: datetime, affected: int) -> str:
    """Return the second notice to Roskomnadzor, due 72 hours after the discovery."""
    return (
        "Уведомление о результатах внутреннего расследования инцидента\n\n"
        f"Инцидент: {title}\nВыявлен: {_told(discovered_at)}\n"
        f"Результаты: {findings or '______________________'}\nЗатронуто субъектов: {affected}\n"
        "Лица, действия которых стали причиной (при наличии): ______________________\n"
    )


def person(discovered_at: datetime, since: datetime, until: datetime) -> str:
    """Return what a person who is affected is told; nothing of the record's content."""
    return (
        "Здравствуйте. Мы обнаружили, что к вашей медицинской карте получили доступ без права на это.\n"
        f"Когда: {_told(since)} – {_told(until)}; мы узнали об этом {_told(discovered_at)}.\n"
        "Доступ прекращён, о случае сообщено в Роскомнадзор. Кто и что открывал, видно в кабинете:"
        " «Кто открывал мою карту». О любой записи можно спросить одним нажатием.\n"
    )


def _told(moment: datetime) -> str:
    return moment.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M (МСК)")
