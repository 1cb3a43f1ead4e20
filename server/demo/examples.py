"""Operations worth running, each with ids of the data as it is when it is opened."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import bindparam, select

from actions.app import App
from domain.appointments import SlotState
from domain.patients import IdentifierSystem
from domain.requests import RequestStatus
from gql.planning.ids import NodeId
from persistence import patients
from persistence.access import ConsentRow
from persistence.appointments import SlotRow
from persistence.policies import InsurancePolicyRow
from persistence.practitioners import PractitionerRow
from persistence.requests import QueuedRequestRow
from persistence.statements import Statement
from server.demo.people import DOCTORS, PATIENTS
from server.demo.titles import TITLES
from web.demo import Example

_DOCUMENTS: Final = Path(__file__).parent / "documents"
_SLOT = SlotRow.__table__  # type: ignore[attr-defined]
_QUEUE = QueuedRequestRow.__table__  # type: ignore[attr-defined]
_POLICY = InsurancePolicyRow.__table__  # type: ignore[attr-defined]
_DOCTOR = PractitionerRow.__table__  # type: ignore[attr-defined]
_CONSENT = ConsentRow.__table__  # type: ignore[attr-defined]
_FREE = Statement(
    select(_SLOT.c.id)
    .join(_DOCTOR, _DOCTOR.c.id == _SLOT.c.practitioner_id)
    .where(
        _SLOT.c.state == SlotState.FREE.value,
        _SLOT.c.starts_at > bindparam("now", type_=_SLOT.c.starts_at.type),
        _DOCTOR.c.name == bindparam("doctor"),
    )
    .order_by(_SLOT.c.starts_at)
    .limit(1)
)
_WAITING = Statement(
    select(_QUEUE.c.patient_id, _QUEUE.c.id)
    .where(_QUEUE.c.status == RequestStatus.SUBMITTED.value)
    .order_by(_QUEUE.c.due_at)
    .limit(1)
)
_POLICIES = Statement(
    select(_POLICY.c.patient_id, _POLICY.c.id).where(_POLICY.c.patient_id == bindparam("patient_id")).limit(1)
)
_CONSENTS = Statement(
    select(_CONSENT.c.patient_id, _CONSENT.c.id)
    .where(_CONSENT.c.patient_id == bindparam("patient_id"), _CONSENT.c.withdrawn_at.is_(None))
    .order_by(_CONSENT.c.id.desc())
    .limit(1)
)
_NAMED = Statement(select(_DOCTOR.c.id).where(_DOCTOR.c.name == bindparam("doctor")))

Variables = Callable[[], Awaitable[dict[str, Any]]]


def examples_of(app: App) -> Sequence[Example]:
    """Return the examples."""
    filled = Filled(app)
    variables: dict[str, Variables] = {
        "book": filled.booking,
        "consent": filled.consent,
        "withdraw": filled.withdrawal,
        "denied": partial(filled.record, "anna"),
        "by-consent": partial(filled.record, "anna"),
        "take": filled.request,
        "receive": filled.result,
        "policy": filled.policy,
    }
    return [
        Example(
            *title,
            query=(_DOCUMENTS / f"{title.key}.graphql").read_text("utf-8"),
            variables=variables.get(title.key, _nothing),
        )
        for title in TITLES
    ]


async def _nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Filled:
    """Variables with ids of the data as it is now."""

    app: App

    async def record(self, name: str) -> dict[str, Any]:
        """Return one of the patients."""
        return {"id": await self._patient(name)}

    async def booking(self) -> dict[str, Any]:
        """Return Anna and her doctor's next free time."""
        async with self.app.store.snapshot() as snapshot:
            slot_id = await snapshot.value(_FREE, now=snapshot.now, doctor=DOCTORS["sokolov"].name)
        slot = NodeId("Slot", (slot_id or 0,)).text()
        given = {"slotId": slot, "patientId": await self._patient("anna"), "reason": "Кружится голова по утрам"}
        return {"input": given}

    async def consent(self) -> dict[str, Any]:
        """Return a doctor whom Anna might open her visits to."""
        async with self.app.store.snapshot() as snapshot:
            doctor_id = await snapshot.value(_NAMED, doctor=DOCTORS["larina"].name)
        doctor = NodeId("Practitioner", (doctor_id or 0,)).text()
        patient = await self._patient("anna")
        return {"input": {"patientId": patient, "practitionerId": doctor, "categories": ["PROFILE", "RESULTS"]}}

    async def withdrawal(self) -> dict[str, Any]:
        """Return Anna's newest consent that holds."""
        found = await self._owned(_CONSENTS, patient_id=await self._patient_id("anna"))
        return {"input": {"consentId": NodeId("Consent", found).text()}}

    async def request(self) -> dict[str, Any]:
        """Return the most urgent request that nobody has taken."""
        return {"input": {"requestId": NodeId("PatientRequest", await self._owned(_WAITING)).text()}}

    async def policy(self) -> dict[str, Any]:
        """Return Anna's policy."""
        found = await self._owned(_POLICIES, patient_id=await self._patient_id("anna"))
        return {"input": {"policyId": NodeId("InsurancePolicy", found).text(), "status": "SUSPENDED"}}

    async def result(self) -> dict[str, Any]:
        """Return a result as a laboratory sends it."""
        anna, now = PATIENTS["anna"], self.app.store.clock()
        potassium = {"code": "2823-3", "title": "Калий", "value": "6.7", "unit": "mmol/L", "flag": "HH"}
        given = {
            "person": {
                "identifiers": [{"system": IdentifierSystem.SNILS, "value": anna.snils}],
                "birthDate": anna.born.isoformat(),
                "sex": anna.sex.value,
            },
            "study": f"graphiql-{now:%y%m%d-%H%M%S}",
            "title": "Калий, срочно",
            "issuedAt": now.isoformat(timespec="seconds"),
            "observations": [potassium | {"low": "3.5", "high": "5.1"}],
        }
        return {"input": given}

    async def _owned(self, statement: Statement, **given: Any) -> tuple[int, int]:
        """Return the key of the first row; one that names nothing where there is none."""
        async with self.app.store.snapshot() as snapshot:
            found = await snapshot.one(statement, **given)
        return (found.patient_id, found.id) if found else (0, 0)

    async def _patient(self, name: str) -> str:
        patient_id = await self._patient_id(name)
        return NodeId("Patient", (patient_id, patient_id)).text()

    async def _patient_id(self, name: str) -> int:
        async with self.app.store.snapshot() as snapshot:
            (found,) = await patients.by_identifier(snapshot, IdentifierSystem.SNILS, PATIENTS[name].snils)
        return found
