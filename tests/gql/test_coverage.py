"""Which fields of the schema the planner loads and the emitter writes; each that it doesn't is listed here, with why."""

from collections import deque

import pytest
from graphql import (
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from gql.assembled import declarations, strawberry_schema
from gql.documents import Documents
from gql.planning.emit import NotCovered, emitter
from gql.planning.plan import Planner
from gql.planning.sources import Reference, Source, Watched
from gql.schema.payloads import Payload

CORE = strawberry_schema()._schema
DECLARED = declarations(CORE, lambda *_: None)
DOCUMENTS = Documents(CORE, Planner(DECLARED), introspection=False)
KINDS = [
    kind
    for kind in CORE.type_map.values()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__")
]
FIELDS = [f"{kind.name}.{name}" for kind in KINDS for name in kind.fields]
Listed = dict[str, dict[str, str]]
"""Why, to types, to their fields."""

WALKED: Listed = {
    "the id says only at run time which type is meant": {
        "Query": "node",
        "Node": "id",
    },
    "an act is done by its action, which no plan stands for": {
        "Mutation": """signIn signOut endSession endOtherSessions sendSignInCode sendStepUpCode stepUp
            beginAuthenticator confirmAuthenticator changePassword changeContact confirmContact
            beginRegistration confirmContacts submitPersonalData addScan submitDocuments sendConfirmationCode
            confirmIdentity requestVideoCheck decideIdentity beginRecovery recoverAccess stopRecovery
            beginPasskey addPasskey removePasskey beginPasskeySignIn signInWithPasskey
            bookAppointment cancelAppointment submitRequest submitDataChange answerRequest withdrawRequest
            takeRequest askForMore approveRequest rejectRequest giveConsent withdrawConsent receiveResult
            changePolicyStatus submitAppeal askAboutAuditEntry answerAppeal extendAppeal reportIncident incidentTold
            createCalendarFeed revokeCalendarFeed markNotificationsRead changeNotificationSettings lockAccount unlockAccount closeAlert replayMessage grantRole endRole""",
    },
    "what an action says of itself is small, and walked": {
        "SignInPayload": "token expiresAt errors",
        "SignOutPayload": "done errors",
        "SessionPayload": "session errors asOf",
        "SentCodePayload": "ticket errors",
        "StepUpPayload": "token errors",
        "AuthenticatorPayload": "secret uri errors",
        "RecoveryCodesPayload": "recoveryCodes errors",
        "DonePayload": "done errors",
        "ConfirmContactsPayload": "token expiresAt errors",
        "RegistrationPayload": "registration errors asOf",
        "ScanPayload": "scan errors asOf",
        "PasskeyOptionsPayload": "options errors",
        "RecoverAccessPayload": "effectiveAt errors",
        "BookAppointmentPayload": "appointment errors asOf",
        "CancelAppointmentPayload": "appointment errors asOf",
        "RequestPayload": "request errors asOf",
        "ConsentPayload": "consent errors asOf",
        "ReceiveResultPayload": "filed errors asOf",
        "ChangePolicyStatusPayload": "changed errors asOf",
        "AppealPayload": "appeal errors asOf",
        "IncidentPayload": "incident errors asOf",
        "AccountLockPayload": "lock errors asOf",
        "RolePayload": "role errors asOf",
        "NewCalendarFeedPayload": "path errors",
        "CalendarFeedPayload": "feed errors asOf",
        "NotificationsPayload": "settings errors asOf",
        "AlertPayload": "alert errors asOf",
        "ReplayMessagePayload": "message errors asOf",
        "UserError": "code message path suggestion",
    },
    "a proof is worked out from the whole log": {
        "Query": "accessLogProof auditCheckpoint",
        "AccessLogProof": "chain checkpoint entries verifier",
        "ProvedEntry": "leaf number patientNumber proof salt told",
        "AuditCheckpoint": "checkpoint consistency verifier",
    },
    "numbers are counted when they are asked for": {
        "Query": "requestQueueSummary",
        "RequestQueueSummary": """open overdue ofDay ofWeek older byKind byReviewer answered medianSeconds
            ninetiethSeconds""",
        "KindCount": "kind open overdue",
        "ReviewerCount": "name open overdue",
    },
    "what a person has chosen stands in one small body, beside a count": {
        "Query": "notificationSettings",
        "NotificationSettings": "choices quietHours reminders unread unreadByTopic zone",
        "NotificationChoice": "channel heedsQuietHours locked on topic",
        "QuietHours": "begin end",
        "UnreadOfTopic": "count topic",
    },
    "it is the law's text, not anybody's row": {
        "Query": "processingRegister dataChangeForms dataChangeFaults",
        "DataChangeForm": "category title titleEnglish fields fourEyes",
        "DataChangeField": "name kind label labelEnglish required longest",
        "DataChangeFault": "field code words wordsEnglish proposal",
        "ProcessingOperation": "data ground kept name purpose receivers subjects",
    },
    "a list of small things within a sealed body": {
        "Registration": "complaints",
        "IdentityCheck": "complaints",
        "Scan": "complaints",
        "Complaint": "field code words wordsEnglish",
        "PatientRequest": "values formerValues",
        "DataValue": "field value",
    },
    "a text that is made from moments": {
        "Incident": "inquirysNotice personsNotice regulatorsNotice",
    },
    "what is decided anew, as things would be without a consent": {
        "Query": "consentTexts consentWithdrawal",
        "ConsentText": "purpose version text hash",
        "ConsentStop": "practitionerId name closes keeps ground sessions",
    },
    "an event has an emitter of its own (`teller`), and is written once for all its readers": {
        "Subscription": """appointmentChanged slotChanged resultArrived abnormalResultArrived criticalResultArrived requestStatusChanged
            requestQueueChanged policyStatusChanged consentChanged recordOpened securityAlertRaised registrationChanged recoveryChanged roleChanged
            notificationArrived events""",
        "Happening": "kind subjectId cursor at",
        "AppointmentChanged": "kind subjectId cursor at appointment",
        "SlotChanged": "kind subjectId cursor at slot",
        "ResultArrived": "kind subjectId cursor at report",
        "AbnormalResultArrived": "kind subjectId cursor at report",
        "CriticalResultArrived": "kind subjectId cursor at report",
        "RequestStatusChanged": "kind subjectId cursor at request",
        "PolicyStatusChanged": "kind subjectId cursor at policy",
        "ConsentChanged": "kind subjectId cursor at consent",
        "RoleChanged": "kind subjectId cursor at role",
        "RecordOpened": "kind subjectId cursor at entry",
        "SecurityAlertRaised": "kind subjectId cursor at entry",
        "NotificationArrived": "kind subjectId cursor at notification",
        "RecoveryChanged": "kind subjectId cursor at recovery",
        "RegistrationChanged": "kind subjectId cursor at registration",
    },
}
"""Fields that only graphql-core answers."""


def listed(given: Listed) -> list[str]:
    """Return the fields of a list."""
    return [f"{kind}.{name}" for kinds in given.values() for kind, names in kinds.items() for name in names.split()]


def ways() -> dict[str, tuple[str, ...]]:
    """Return the shortest way from Query to each type that a query reaches without `node`, as field names."""
    found: dict[str, tuple[str, ...]] = {"Query": ()}
    waiting = deque(found)
    while waiting:
        name = waiting.popleft()
        for field, definition in CORE.type_map[name].fields.items():
            below = get_named_type(definition.type)
            if below.name not in found and not is_leaf_type(below) and f"{name}.{field}" != "Query.node":
                found[below.name] = (*found[name], field)
                waiting.append(below.name)
    return found


WAYS = ways()


def document(kind: str, name: str) -> str:
    """Return a query that asks for one field, with the least below it that shows something."""
    below = get_named_type(CORE.type_map[kind].fields[name].type)
    inner = asked(kind, name) + ("" if is_leaf_type(below) else " { __typename }")
    owner, steps = "Query", []
    for field in WAYS[kind]:
        steps.append(asked(owner, field))
        owner = get_named_type(CORE.type_map[owner].fields[field].type).name
    for step in reversed(steps):
        inner = f"{step} {{ {inner} }}"
    return f"{{ {inner} }}"


def asked(kind: str, name: str) -> str:
    """Return a field with the arguments that it must have."""
    arguments = CORE.type_map[kind].fields[name].args.items()
    needed = [f"{n}: {least(a.type)}" for n, a in arguments if is_required_argument(a)]
    return f"{name}({', '.join(needed)})" if needed else name


def least(kind: GraphQLInputType) -> str:
    """Return the least that an argument takes, as written."""
    named = kind.of_type if is_non_null_type(kind) else kind
    if is_enum_type(named):
        return next(iter(named.values))
    return "[]" if is_list_type(named) else '"1"'


def is_emitted(field: str) -> bool:
    """Return whether a query for a field has a generated emitter."""
    kind, name = field.split(".")
    if kind not in WAYS or field == "Query.node":
        return False
    plan = DOCUMENTS.plan(DOCUMENTS.get(document(kind, name)), None, {})
    try:
        return callable(emitter(plan))
    except NotCovered:
        return False


def source_of(kind: str, name: str) -> Source | None:
    """Return where a field's value comes from, None where the field doesn't say."""
    declared = DECLARED.field(kind, name)
    return declared.source if declared else None


def test_every_field_is_emitted_but_those_listed() -> None:
    walked = [field for field in FIELDS if not is_emitted(field)]
    assert sorted(walked) == sorted(listed(WALKED))


def test_node_is_left_to_the_walk() -> None:
    plan = DOCUMENTS.plan(DOCUMENTS.get('{ node(id: "UGF0aWVudDox") { ... on Patient { fullName } } }'), None, {})
    with pytest.raises(NotCovered, match="node"):
        emitter(plan)


def test_whatever_shows_a_row_is_loaded_by_a_plan() -> None:
    """No resolver loads anything: where a type shows a row, the field that leads to it says where the row comes from."""
    rows = {kind.name for kind in KINDS if hasattr(DECLARED.origin(kind.name), "__row__")}
    leading = [
        f"{kind.name}.{name}"
        for kind in KINDS
        for name, field in kind.fields.items()
        if get_named_type(field.type).name in rows and not kind.name.endswith(("Connection", "Edge"))
    ]
    without = [field for field in leading if source_of(*field.split(".")) is None]
    assert len(leading) > 50
    assert without == []


def test_what_payloads_and_events_show_is_loaded_by_a_plan() -> None:
    for kind in KINDS:
        origin = DECLARED.origin(kind.name)
        if isinstance(origin, type) and issubclass(origin, Payload):
            for name, field in kind.fields.items():
                below = get_named_type(field.type)
                if not is_leaf_type(below) and below.name != "UserError":
                    assert isinstance(source_of(kind.name, name), Reference), f"{kind.name}.{name}"
    for name in CORE.subscription_type.fields:
        assert isinstance(source_of("Subscription", name), Watched), name
