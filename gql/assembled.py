"""The schema assembled: roots, scalars, resolvers of declared fields, and payloads that load what is selected."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from gql.context import Context
from gql.planning.declared import Declarations
from gql.planning.walk import install
from gql.resolvers.accounts import AccountMutations, AccountQueries
from gql.resolvers.alerts import AlertMutations, AlertQueries
from gql.resolvers.appeals import AppealMutations, AppealQueries
from gql.resolvers.appointments import AppointmentMutations, AppointmentSubscriptions
from gql.resolvers.audit import AuditQueries, AuditSubscriptions
from gql.resolvers.calendars import CalendarMutations
from gql.resolvers.consents import ConsentMutations, ConsentQueries, ConsentSubscriptions
from gql.resolvers.credentials import CredentialMutations
from gql.resolvers.incidents import IncidentMutations, IncidentQueries
from gql.resolvers.messages import MessageMutations, MessageQueries
from gql.resolvers.notifications import NotificationMutations, NotificationQueries, NotificationSubscriptions
from gql.resolvers.passkeys import PasskeyMutations
from gql.resolvers.policies import PolicyMutations, PolicySubscriptions
from gql.resolvers.practitioners import DirectoryQueries
from gql.resolvers.recovery import RecoveryMutations, RecoverySubscriptions
from gql.resolvers.registration import RegistrationMutations, RegistrationQueries, RegistrationSubscriptions
from gql.resolvers.requests import RequestMutations, RequestQueries, RequestSubscriptions
from gql.resolvers.results import ResultMutations, ResultSubscriptions
from gql.resolvers.roles import RoleMutations, RoleQueries, RoleSubscriptions
from gql.resolvers.subscriptions import PAYLOADS, AllSubscriptions
from gql.schema.payloads import Payload
from gql.schema.scalars import UPLOAD, Upload

Fill = Callable[[Payload, Context, str], Any]


@strawberry.type(description="What can be read.")
class Query(
    AccountQueries,
    DirectoryQueries,
    RequestQueries,
    AuditQueries,
    ConsentQueries,
    AlertQueries,
    AppealQueries,
    MessageQueries,
    IncidentQueries,
    NotificationQueries,
    RegistrationQueries,
    RoleQueries,
):
    """Reads."""


@strawberry.type(description="What can be done.")
class Mutation(
    AccountMutations,
    CredentialMutations,
    RegistrationMutations,
    RecoveryMutations,
    PasskeyMutations,
    AppointmentMutations,
    RequestMutations,
    ConsentMutations,
    ResultMutations,
    PolicyMutations,
    AlertMutations,
    AppealMutations,
    MessageMutations,
    IncidentMutations,
    NotificationMutations,
    CalendarMutations,
    RoleMutations,
):
    """Acts."""


@strawberry.type(description="What can be watched.")
class Subscription(
    AppointmentSubscriptions,
    ResultSubscriptions,
    RequestSubscriptions,
    PolicySubscriptions,
    ConsentSubscriptions,
    AuditSubscriptions,
    NotificationSubscriptions,
    RegistrationSubscriptions,
    RecoverySubscriptions,
    RoleSubscriptions,
    AllSubscriptions,
):
    """Streams."""


def _parsed(value: Any) -> datetime:
    """Return a moment; without a zone it would mean something else on every server."""
    if not isinstance(value, str):
        raise GraphQLError("A date-time is a string.")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise GraphQLError("A date-time is written as ISO 8601.") from None
    if moment.tzinfo is None or not 1 < moment.year < 9999:
        raise GraphQLError("A date-time carries its zone.")
    return moment


DATE_TIME = ScalarDefinition(
    name="DateTime",
    description="A moment with its zone, ISO 8601.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=lambda moment: moment.isoformat(),
    parse_value=_parsed,
    parse_literal=None,
    origin=datetime,
)


def strawberry_schema() -> strawberry.Schema:
    """Return the typed schema, as its SDL is printed from it."""
    config = StrawberryConfig(scalar_map={datetime: DATE_TIME, Upload: UPLOAD})
    return strawberry.Schema(
        query=Query, mutation=Mutation, subscription=Subscription, types=[*PAYLOADS.values()], config=config
    )


def declarations(schema: GraphQLSchema, fill: Fill) -> Declarations:
    """Return a schema's declarations, its resolvers in place; `fill` loads what a payload refers to."""
    found = Declarations(schema)
    install(found)
    mutations = schema.mutation_type
    assert mutations is not None
    for field in mutations.fields.values():
        assert field.resolve is not None
        field.resolve = _filled(field.resolve, fill)
    return found


def _filled(resolve: Callable[..., Any], fill: Fill) -> Callable[..., Any]:
    async def resolved(source: Any, info: Any, **given: Any) -> Any:
        payload = await resolve(source, info, **given)
        if isinstance(payload, Payload):
            await fill(payload, info.context, info.path.key)
        return payload

    return resolved
