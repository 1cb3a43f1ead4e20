"""What the first page says of the people to sign in as."""

from typing import Final, NamedTuple

from web.demo import Group


class Card(NamedTuple):
    """One person's words."""

    login: str
    role_ru: str
    role_en: str
    about_ru: str
    about_en: str
    group: Group = "people"


CARDS: Final[tuple[Card, ...]] = (
    Card(
        "anna@example.org",
        "Пациентка, мама Веры",
        "Patient, Vera’s mother",
        "Своя карта за три года, запись к врачу, полис, обращения, согласия и журнал: кто открывал её данные.",
        "Her own record of three years, bookings, policy, requests, consents, and who opened her data.",
    ),
    Card(
        "boris@example.org",
        "Пациент",
        "Patient",
        "Своя карта: растущий сахар, визиты к эндокринологу. Чужих записей для него просто нет.",
        "His own record: rising glucose, visits to the endocrinologist. Nobody else’s record exists for him.",
    ),
    Card(
        "oleg@example.org",
        "Личность не подтверждена",
        "Identity not confirmed",
        "Упрощённая учётная запись: медицинские данные закрыты, пока человек не подтвердит личность.",
        "A simplified account: nothing medical is open until the person’s identity is confirmed.",
    ),
    Card(
        "sokolov@example.org",
        "Терапевт, Клиника на Яузе",
        "General practitioner, Clinic on the Yauza",
        "Визиты и результаты своих пациентов, но не телефоны, адреса и полисы. Получает тревоги.",
        "His patients’ visits and results, no phones, addresses or policies. Gets the alerts.",
        "staff",
    ),
    Card(
        "larina@example.org",
        "Кардиолог, «Северное сияние»",
        "Cardiologist, Northern Lights",
        "Результаты Анны – только потому, что Анна дала на это согласие. Отзовёт – доступ закроется сразу.",
        "Anna’s results, only because Anna consented; withdrawn, the door shuts at once.",
        "staff",
    ),
    Card(
        "reviewer@example.org",
        "Рассматривает обращения",
        "Reviewer of requests",
        "Очередь обращений своей клиники: берёт в работу, спрашивает, одобряет, отклоняет.",
        "The queue of her clinic’s requests: takes, asks, approves, rejects.",
        "staff",
    ),
    Card(
        "security@example.org",
        "Офицер безопасности",
        "Security officer",
        "Журнал безопасности клиники. Медицинских данных не видит, и каждое чтение журнала тоже записано.",
        "The clinic’s security log, nothing clinical; every reading of the log is recorded too.",
        "staff",
    ),
    Card(
        "admin@example.org",
        "Администратор клиники",
        "Clinic administrator",
        "Журнал безопасности и справочники. Медицинских данных не видит.",
        "The security log and the directory. Nothing clinical.",
        "staff",
    ),
    Card(
        "support@example.org",
        "Поддержка",
        "Support agent",
        "Справочник врачей и клиник. Медицинских данных не видит и увидеть не может.",
        "The directory of doctors and clinics. Nothing clinical.",
        "staff",
    ),
    Card(
        "operator@example.org",
        "Эксплуатация",
        "Service operator",
        "Техническая работа без доступа к данным людей.",
        "Technical work, without people’s data.",
        "staff",
    ),
    Card(
        "lab@example.org",
        "Лаборатория",
        "Laboratory",
        "Присылает результаты и ничего не читает.",
        "Sends results and reads nothing.",
        "machines",
    ),
    Card(
        "insurer@example.org",
        "Страховщик",
        "Insurer",
        "Сообщает состояние своих полисов и ничего не читает.",
        "Tells the state of its own policies and reads nothing.",
        "machines",
    ),
    Card(
        "records@example.org",
        "Другая медицинская система",
        "Another record system",
        "Передаёт записи из другой клиники и ничего не читает.",
        "Hands over records of another clinic and reads nothing.",
        "machines",
    ),
)
