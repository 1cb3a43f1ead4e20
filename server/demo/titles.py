"""What the first page says of the examples; each one's document is `documents/<key>.graphql`."""

from typing import Final, NamedTuple


class Title(NamedTuple):
    """An example's words, in the order of `web.demo.Example`."""

    key: str
    title_ru: str
    title_en: str
    about_ru: str
    about_en: str
    login: str


ANNA, DOCTOR, CARDIOLOGIST = "anna@example.org", "sokolov@example.org", "larina@example.org"

TITLES: Final[tuple[Title, ...]] = (
    Title(
        "record",
        "Моя карта",
        "My record",
        "Визиты, свежие анализы с нормами, полис и обращения одним запросом.",
        "Visits, recent results with their ranges, policy and requests in one query.",
        ANNA,
    ),
    Title(
        "potassium",
        "Калий за три года",
        "Potassium over three years",
        "Ряд одного показателя по коду LOINC, цифры как их прислала лаборатория.",
        "One analyte by its LOINC code, digits as the laboratory sent them.",
        ANNA,
    ),
    Title(
        "child",
        "Карта дочери",
        "My daughter’s record",
        "Мама представляет ребёнка: видит визиты и результаты Веры.",
        "A mother represents her child and sees Vera’s visits and results.",
        ANNA,
    ),
    Title(
        "book",
        "Записаться к врачу",
        "Book a visit",
        "Свободное время терапевта уже подставлено. Занятое второй раз не достанется никому.",
        "The doctor’s next free time is filled in; nobody gets it twice.",
        ANNA,
    ),
    Title(
        "who-opened",
        "Кто открывал мою карту",
        "Who opened my record",
        "Каждое чтение и изменение записано раньше, чем показано.",
        "Every reading and change is recorded before it is shown.",
        ANNA,
    ),
    Title(
        "withdraw",
        "Отозвать согласие",
        "Withdraw a consent",
        "Кардиолог перестанет видеть результаты сразу: проверьте примером «Пациентка по согласию».",
        "The cardiologist is shut out at once: see for yourself with “A patient by consent”.",
        ANNA,
    ),
    Title(
        "consent",
        "Дать согласие",
        "Give a consent",
        "Открыть кардиологу профиль и результаты.",
        "Open profile and results to the cardiologist.",
        ANNA,
    ),
    Title(
        "patients",
        "Мои пациенты и приём",
        "My patients and schedule",
        "Врач видит своих пациентов, их последние отчёты и расписание.",
        "A doctor sees his patients, their latest reports, and his schedule.",
        DOCTOR,
    ),
    Title(
        "denied",
        "Чего врач не видит",
        "What a doctor may not see",
        "Телефон и полис закрыты: поля пусты, а причина и что делать – в extensions.denied.",
        "Phone and policy are closed: null, with reason and remedy in extensions.denied.",
        DOCTOR,
    ),
    Title(
        "by-consent",
        "Пациентка по согласию",
        "A patient by consent",
        "Кардиолог другой клиники читает результаты Анны, пока согласие в силе.",
        "A cardiologist elsewhere reads Anna’s results for as long as the consent holds.",
        CARDIOLOGIST,
    ),
    Title(
        "queue",
        "Очередь обращений",
        "The queue of requests",
        "Самые срочные сверху, с историей каждого шага.",
        "The most urgent first, each with its steps.",
        "reviewer@example.org",
    ),
    Title(
        "take",
        "Взять обращение в работу",
        "Take a request into work",
        "Пациент увидит новое состояние на экране в тот же миг.",
        "The patient sees the new state at that very moment.",
        "reviewer@example.org",
    ),
    Title(
        "security-log",
        "Журнал безопасности",
        "The security log",
        "Входы, отказы и чтения клиники; само чтение журнала тоже попадает в него.",
        "The clinic’s sign-ins, refusals and readings; reading the log is in it too.",
        "security@example.org",
    ),
    Title(
        "receive",
        "Прислать результат",
        "Send a result",
        "Лаборатория называет человека по СНИЛС и получает в ответ только «принято».",
        "A laboratory names a person by SNILS and reads back nothing but “filed”.",
        "lab@example.org",
    ),
    Title(
        "policy",
        "Приостановить полис",
        "Suspend a policy",
        "Страховщик сообщает состояние своего полиса; человек видит это сразу.",
        "An insurer tells a policy’s state; the person sees it at once.",
        "insurer@example.org",
    ),
    Title(
        "watch-alerts",
        "Тревожные результаты",
        "Alarming results",
        "Подписка: оставьте открытой и нажмите кнопку лаборатории на первой странице.",
        "A subscription: leave it open and press the laboratory’s button on the first page.",
        DOCTOR,
    ),
    Title(
        "watch-visits",
        "Визиты в реальном времени",
        "Visits as they change",
        "Подписка: запишитесь в соседнем окне – событие придёт сюда.",
        "A subscription: book in another window and see it arrive.",
        ANNA,
    ),
    Title(
        "watch-requests",
        "Обращения в реальном времени",
        "Requests as they move",
        "Подписка пациента или сотрудника на шаги обращений.",
        "A patient’s or reviewer’s subscription to the steps of requests.",
        ANNA,
    ),
)
