"""Three years of the demonstration's life, lived through by the product's own verbs at the moments of then.

So events, audit entries, requests' steps and reports are all as the product makes them, none painted by hand.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select

from actions import consents, policies, requests, results
from actions import sessions as signing
from actions.app import App
from actions.call import Call, Ref
from domain.access import Category
from domain.appointments import AppointmentStatus, ServiceType
from domain.changes import ChangeCategory
from domain.events import Event, EventKind
from domain.patients import IdentifierSystem
from domain.policies import PolicyStatus
from domain.requests import RequestKind
from domain.results import ObservationSent, PersonNamed, ReportSent, ReportStatus
from persistence import appointments, sessions
from persistence.appointments import AppointmentBody, SlotRow
from persistence.statements import Statement
from persistence.store import Store
from security.tokens import digest, new_token
from server.demo.analytes import PANELS, Analyte
from server.demo.founding import MOSCOW, Cast, slot
from server.demo.people import DOCTORS, PATIENTS

YEARS: Final = timedelta(days=3 * 365)
STUDIES: Final = 12
"""One a quarter."""
VISITS: Final = (
    ("anna", "sokolov", 410, "Повышенное давление", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
    ("anna", "sokolov", 190, "Контроль лечения", ServiceType.FOLLOW_UP, AppointmentStatus.COMPLETED),
    ("anna", "larina", 96, "Консультация кардиолога", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
    ("anna", "akhmetova", 40, "Проверка зрения", ServiceType.PREVENTIVE, AppointmentStatus.NO_SHOW),
    ("vera", "kuznetsova", 120, "Осмотр перед школой", ServiceType.PREVENTIVE, AppointmentStatus.COMPLETED),
    ("boris", "zaitseva", 300, "Высокий сахар", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
    ("boris", "zaitseva", 88, "Подбор дозы", ServiceType.FOLLOW_UP, AppointmentStatus.COMPLETED),
    ("galina", "sokolov", 150, "Слабость", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
    ("galina", "shahnazarov", 60, "Головокружение", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
    ("timur", "gromov", 33, "Травма колена", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
    ("maria", "efimov", 20, "Усталость", ServiceType.CONSULTATION, AppointmentStatus.COMPLETED),
)
"""Patient, doctor, days ago, what about, what for, how it ended."""
COMING: Final = (
    ("anna", "larina", 3, "Результаты холтера", ServiceType.FOLLOW_UP),
    ("vera", "kuznetsova", 20, "Прививка", ServiceType.PREVENTIVE),
    ("boris", "zaitseva", 30, "Контроль сахара", ServiceType.FOLLOW_UP),
    ("galina", "sokolov", 15, "Результаты анализов", ServiceType.FOLLOW_UP),
)
"""Patient, doctor, which of the doctor's free times, what about, what for."""

_SLOT = SlotRow.__table__  # type: ignore[attr-defined]
_FREE = Statement(
    select(*_SLOT.c).where(_SLOT.c.practitioner_id == bindparam("doctor_id")).order_by(_SLOT.c.starts_at).limit(60)
)


class Deed(NamedTuple):
    """Something that is done at a moment."""

    at: datetime
    run: Callable[[], Awaitable[object]]


class History:
    """The product at moments gone by."""

    def __init__(self, app: App, cast: Cast) -> None:
        self._now = self._then = app.store.clock()
        self._cast = cast
        self._app = replace(app, store=Store(app.store.driver, app.store.keys, lambda: self._then))
        self._random = random.Random(20261101)  # noqa: S311 - the same figures in every demonstration

    async def live(self) -> None:
        """Do everything, the oldest first."""
        for deed in sorted([*self._studies(), *self._visits(), *self._words()], key=lambda deed: deed.at):
            self._then = deed.at
            await deed.run()

    def _ago(self, days: float, hour: int = 10) -> datetime:
        day = (self._now - timedelta(days=days)).astimezone(MOSCOW)
        return day.replace(hour=hour, minute=0, second=0, microsecond=0)

    async def _as(self, login: str) -> Call:
        """Return a call of somebody who is signed in at that moment."""
        token = new_token()
        async with self._app.store.begin() as tx:
            await sessions.start(tx, self._cast.accounts[login], digest(token))
        return Call(self._app, digest(token), "127.0.0.1", "demo", "demo")

    # results

    def _studies(self) -> list[Deed]:
        deeds = []
        for number in range(STUDIES):
            part = number / (STUDIES - 1)
            for order, name in enumerate(PATIENTS):
                for hour, panel in enumerate(PANELS):
                    at = self._ago(YEARS.days * (1 - part) + 3 + order, 8 + hour)
                    report = self._report(name, panel, part, at)
                    deeds.append(Deed(at, lambda name=name, report=report: self._received(name, report)))  # type: ignore[misc]
        return deeds

    async def _received(self, name: str, report: ReportSent) -> None:
        call = await self._as("lab@example.org")
        await results.receive(call, person=person_named(name), report=report)
        await signing.sign_out(call)

    def _report(self, name: str, panel: str, part: float, at: datetime) -> ReportSent:
        observed = tuple(self._observed(name, analyte, part, at) for analyte in PANELS[panel])
        study = f"{at:%y%m%d}-{list(PATIENTS).index(name) + 1}{list(PANELS).index(panel) + 1}"
        return ReportSent(study, panel, ReportStatus.FINAL, at, observed)

    def _observed(self, name: str, analyte: Analyte, part: float, at: datetime) -> ObservationSent:
        patient = PATIENTS[name]
        low, high = analyte.normal(patient.sex)
        bottom, top = low or 0.0, high if high is not None else (low or 1.0) * 2
        width = top - bottom
        middle = bottom + width * (0.5 + patient.drift.get(analyte.code, 0.0) * part)
        value = max(width * 0.05, self._random.gauss(middle, width * 0.09))
        bounds = (None if bound is None else f"{bound:.{analyte.decimals}f}" for bound in (low, high))
        least, most = bounds
        told = f"{value:.{analyte.decimals}f}"
        return ObservationSent(analyte.code, analyte.title, told, analyte.unit, least, most, taken_at=at)

    # visits

    def _visits(self) -> list[Deed]:
        past = [
            Deed(self._ago(days + 6), lambda visit=visit, days=days: self._visited(visit, self._ago(days, 11)))  # type: ignore[misc]
            for visit in VISITS
            for days in [visit[2]]
        ]
        coming = [Deed(self._ago(1, 12), lambda coming=coming: self._booked(*coming)) for coming in COMING]  # type: ignore[misc]
        return past + coming

    async def _visited(
        self, visit: tuple[str, str, int, str, ServiceType, AppointmentStatus], starts_at: datetime
    ) -> None:
        """Write a visit that is over; arriving and ending have no verbs yet, so that rows are written as they would."""
        patient, doctor, _, reason, service, status = visit
        async with self._app.store.begin() as tx:
            place = self._cast.places[DOCTORS[doctor].place]
            time = slot(tx, self._cast.doctors[doctor], place, starts_at)
            await tx.insert(time)
            taken = await appointments.take_slot(tx, time.id)
            assert taken is not None, "it was free a moment ago"
            body = AppointmentBody(reason)
            row = await appointments.book(tx, taken, self._cast.patients[patient], service, body)
            row.status = status.value
            await tx.reseal(row, body)
            tx.emit(
                Event(
                    EventKind.APPOINTMENT_CHANGED,
                    row.id,
                    patient_id=row.patient_id,
                    practitioner_id=row.practitioner_id,
                )
            )

    async def _booked(self, patient: str, doctor: str, which: int, reason: str, service: ServiceType) -> None:
        async with self._app.store.begin() as tx:
            free = await tx.all(_FREE, doctor_id=self._cast.doctors[doctor])
            ahead = [found for found in free if found.starts_at > self._now]
            taken = await appointments.take_slot(tx, ahead[which].id)
            assert taken is not None, "nobody else books yet"
            body = AppointmentBody(reason)
            await appointments.book(tx, taken, self._cast.patients[patient], service, body)

    # consents, policies, requests

    def _words(self) -> list[Deed]:
        return [
            Deed(self._ago(97), self._consent),
            Deed(self._ago(45), self._suspension),
            Deed(self._ago(70), self._move_of_house),
            Deed(self._ago(26), lambda: self._request("timur", "timur", RequestKind.FEEDBACK, PARKING, "reject")),
            Deed(self._ago(4), lambda: self._request("galina", "galina", RequestKind.REFERRAL, MRI, "ask")),
            Deed(self._ago(2), lambda: self._request("vera", "anna", RequestKind.REFERRAL, ALLERGY, "take")),
            Deed(self._ago(1), lambda: self._request("anna", "anna", RequestKind.POLICY_QUESTION, TRAVEL, "")),
            Deed(self._ago(1, 11), lambda: self._request("galina", "galina", RequestKind.POLICY_EXTENSION, OLD, "")),
        ]

    async def _consent(self) -> None:
        await consents.give(
            await self._as("anna@example.org"),
            patient_id=self._cast.patients["anna"],
            categories=[Category.PROFILE, Category.RESULTS],
            practitioner_id=self._cast.doctors["larina"],
        )

    async def _suspension(self) -> None:
        await policies.change_status(
            await self._as("insurer@example.org"),
            patient_id=self._cast.patients["timur"],
            policy_id=self._cast.policies["timur"],
            status=PolicyStatus.SUSPENDED,
        )

    async def _move_of_house(self) -> None:
        asked = await requests.submit_change(
            await self._as("anna@example.org"),
            patient_id=self._cast.patients["anna"],
            organization_id=self._cast.places["yauza"],
            category=ChangeCategory.ADDRESS,
            values=(("address", HOUSE),),
            reason=MOVED,
        )
        await self._worked(asked, "approve")

    async def _request(self, patient: str, by: str, kind: RequestKind, words: str, then: str) -> None:
        ids = self._cast
        asked = await requests.submit(
            await self._as(f"{by}@example.org"),
            patient_id=ids.patients[patient],
            organization_id=ids.places["yauza"],
            kind=kind,
            words=words,
        )
        if then:
            await self._worked(asked, then)

    async def _worked(self, asked: Ref, then: str) -> None:
        self._then += timedelta(hours=3)
        reviewer = await self._as("reviewer@example.org")
        await requests.take(reviewer, patient_id=asked.patient_id, request_id=asked.id)
        verbs = {"approve": requests.approve, "reject": requests.reject, "ask": requests.ask}
        if then in verbs:
            comment = ANSWERS[then]
            await verbs[then](reviewer, patient_id=asked.patient_id, request_id=asked.id, comment=comment)


def person_named(name: str) -> PersonNamed:
    """Return how a laboratory names one of the patients."""
    patient = PATIENTS[name]
    identifiers = ((IdentifierSystem.SNILS, patient.snils),)
    return PersonNamed(identifiers, patient.family, patient.given, patient.born, patient.sex)


MOVED: Final = "Мы переехали, прошу исправить адрес в карте."
HOUSE: Final = "Москва, Тихая ул., 5, кв. 17"
PARKING: Final = "Прошу сделать парковку у клиники бесплатной."
MRI: Final = "Врач советовал МРТ головного мозга. Прошу направление."
ALLERGY: Final = "Дочери нужно направление к аллергологу: весной снова был насморк."
TRAVEL: Final = "Действует ли полис, если я поеду к родителям в Казань?"
OLD: Final = "Прошу продлить полис, мне трудно прийти лично."
ANSWERS: Final = {
    "approve": "Адрес исправлен.",
    "reject": "Парковка принадлежит городу, решить это клиника не может.",
    "ask": "Пришлите, пожалуйста, заключение невролога.",
}
