"""Results: filed by laboratories, seen by people as they arrive."""

from datetime import date

import strawberry
from strawberry.types import Info

from actions import results
from domain.errors import InvalidInput
from domain.events import EventKind
from domain.results import ObservationSent, PersonNamed, ReportSent
from gql.context import Context
from gql.permissions.record import CanReceiveResults
from gql.permissions.session import SignedIn
from gql.planning.sources import watched
from gql.resolvers.mutations import mutation
from gql.schema.results import (
    AbnormalResultArrived,
    CriticalResultArrived,
    PersonInput,
    ReceiveResultInput,
    ReceiveResultPayload,
    ResultArrived,
)


@strawberry.type
class ResultMutations:
    """A laboratory's verb."""

    @mutation("File a study's report with the person whom it names.", CanReceiveResults)
    async def receive_result(self, info: Info[Context, None], input: ReceiveResultInput) -> ReceiveResultPayload | None:
        """Receive."""
        filed = await results.receive(
            info.context.call.with_key(input.key), person=_person(input.person), report=_report(input)
        )
        return ReceiveResultPayload(filed=True, as_of=filed.as_of)


@strawberry.type
class ResultSubscriptions:
    """Results on screens."""

    result_arrived: ResultArrived = watched(
        "A result came in for the viewer, or for a doctor's patient.",
        SignedIn,
        events={EventKind.RESULT_ARRIVED: ResultArrived},
        only="Patient",
    )
    abnormal_result_arrived: AbnormalResultArrived = watched(
        "A result outside its range came in for the viewer, or for a doctor's patient.",
        SignedIn,
        events={EventKind.ABNORMAL_RESULT_ARRIVED: AbnormalResultArrived},
        only="Patient",
    )
    critical_result_arrived: CriticalResultArrived = watched(
        "A result beyond a critical limit came in for the viewer, or for a doctor's patient.",
        SignedIn,
        events={EventKind.CRITICAL_RESULT_ARRIVED: CriticalResultArrived},
        only="Patient",
    )


def _person(sent: PersonInput) -> PersonNamed:
    identifiers = tuple((identifier.system, identifier.value) for identifier in sent.identifiers)
    return PersonNamed(identifiers, birth_date=_day(sent.birth_date), sex=sent.sex)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("person.birthDate") from None


def _report(sent: ReceiveResultInput) -> ReportSent:
    observations = tuple(
        ObservationSent(o.code, o.title, o.value, o.unit, o.low, o.high, o.flag, o.taken_at, o.note)
        for o in sent.observations
    )
    return ReportSent(sent.study, sent.title, sent.status, sent.issued_at, observations, conclusion=sent.conclusion)
