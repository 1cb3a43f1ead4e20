"""Results: filed by laboratories, seen by people as they arrive."""

from collections.abc import AsyncGenerator
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
from gql.resolvers.mutations import mutation
from gql.resolvers.subscriptions import events_of, subscription
from gql.schema.results import AbnormalResultArrived, PersonInput, ReceiveResultInput, ReceiveResultPayload


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

    @subscription("A result outside its range came in for the viewer, or for a doctor's patient.", SignedIn)
    async def abnormal_result_arrived(
        self, info: Info[Context, None], after: str | None = None
    ) -> AsyncGenerator[AbnormalResultArrived, None]:
        """Yield each alert."""
        async for placed in events_of(info, EventKind.ABNORMAL_RESULT_ARRIVED, after):
            yield AbnormalResultArrived(cursor=placed.cursor, at=placed.at).refer(report=placed.key)


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
