"""Role × field × relation: every cell is called; what isn't listed here is refused, and a new field fails until listed."""

from datetime import timedelta
from io import BytesIO

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from starlette.datastructures import UploadFile

from actions import registry
from domain.access import Category
from gql.assembled import strawberry_schema
from gql.exchange import Reply, Request
from gql.planning.ids import NodeId
from persistence import access as facts
from persistence.access import ConsentRow
from tests.house import Account
from tests.people import STAFF

pytestmark = pytest.mark.anyio
CORE = strawberry_schema()._schema
EVERYONE = [None, "anna", "boris", "newcomer", *STAFF]

PROFILE = {"id", "familyName", "givenName", "patronymic", "fullName", "birthDate", "sex"}
CONTACTS = {"phone", "email", "address"}
CLINICAL = {
    "reports",
    "observations",
    "encounters",
    "conditions",
    "allergies",
    "immunizations",
    "medications",
    "documents",
}
OWN = {"identifiers", "appointments", "policies", "requests", "consents", "accessLog", "appeals"}
ALL = PROFILE | CONTACTS | CLINICAL | OWN
TREATING = PROFILE | CLINICAL | {"appointments"}
RESULTS_ONLY = PROFILE | {"reports", "observations"}
SERVING = PROFILE | {"requests"}
NOTHING: set[str] = set()

ROOTS = {
    "viewer": set(EVERYONE),
    "asOf": set(EVERYONE),
    "node": set(EVERYONE) - {None},
    "practitioners": set(EVERYONE) - {None},
    "specialties": set(EVERYONE) - {None},
    "organizations": set(EVERYONE) - {None},
    "requestQueue": {"reviewer", "other_reviewer"},
    "securityLog": {"admin", "other_admin", "security"},
    "securityAlerts": {"admin", "other_admin", "security"},
    "accountLocks": {"admin", "other_admin", "security"},
    "roles": {"admin", "other_admin", "security"},
    "appealQueue": {"admin", "other_admin", "security"},
    "inboundMessages": {"operator"},
    "incidents": {"security"},
    "identityChecks": {"support"},
    "notificationSettings": set(EVERYONE) - {None},
    "deliveries": {"support"},
    "processingRegister": set(EVERYONE) - {None},
    "requestQueueSummary": {"reviewer", "other_reviewer"},
    "dataChangeForms": set(EVERYONE) - {None},
    "dataChangeFaults": set(EVERYONE) - {None},
    "consentTexts": set(EVERYONE) - {None},
    "consentWithdrawal": {"anna"},
    "accessLogProof": {"anna"},
    "auditCheckpoint": set(EVERYONE) - {None},
}
PERSONS = {"anna", "boris", "newcomer", *(name for name in STAFF if name not in ("lab", "insurer", "record_system"))}
MUTATIONS = {
    "signIn": set(EVERYONE),
    "signOut": set(EVERYONE) - {None},
    "endSession": set(EVERYONE) - {None},
    "endOtherSessions": set(EVERYONE) - {None},
    "sendSignInCode": set(EVERYONE),
    "sendStepUpCode": set(EVERYONE) - {None},
    "stepUp": set(EVERYONE) - {None},
    "beginAuthenticator": set(EVERYONE) - {None},
    "confirmAuthenticator": set(EVERYONE) - {None},
    "changePassword": set(EVERYONE) - {None},
    "changeContact": set(EVERYONE) - {None},
    "confirmContact": set(EVERYONE) - {None},
    "beginRegistration": set(EVERYONE),
    "confirmContacts": set(EVERYONE),
    "submitPersonalData": set(EVERYONE) - {None},
    "addScan": set(EVERYONE) - {None},
    "submitDocuments": set(EVERYONE) - {None},
    "sendConfirmationCode": set(EVERYONE) - {None},
    "confirmIdentity": set(EVERYONE) - {None},
    "requestVideoCheck": set(EVERYONE) - {None},
    "decideIdentity": {"support"},
    "createCalendarFeed": set(EVERYONE) - {None},
    "revokeCalendarFeed": set(EVERYONE) - {None},
    "markNotificationsRead": set(EVERYONE) - {None},
    "changeNotificationSettings": set(EVERYONE) - {None},
    "beginRecovery": set(EVERYONE),
    "beginPasskey": set(EVERYONE) - {None},
    "addPasskey": set(EVERYONE) - {None},
    "removePasskey": set(EVERYONE) - {None},
    "beginPasskeySignIn": set(EVERYONE),
    "signInWithPasskey": set(EVERYONE),
    "recoverAccess": set(EVERYONE),
    "stopRecovery": set(EVERYONE) - {None},
    "bookAppointment": PERSONS,
    "cancelAppointment": PERSONS,
    "submitRequest": PERSONS,
    "submitDataChange": PERSONS,
    "answerRequest": PERSONS,
    "withdrawRequest": PERSONS,
    "takeRequest": {"reviewer", "other_reviewer"},
    "askForMore": {"reviewer", "other_reviewer"},
    "approveRequest": {"reviewer", "other_reviewer"},
    "rejectRequest": {"reviewer", "other_reviewer"},
    "giveConsent": PERSONS,
    "withdrawConsent": PERSONS,
    "receiveResult": {"lab", "record_system"},
    "changePolicyStatus": {"insurer"},
    "closeAlert": {"security"},
    "lockAccount": {"security"},
    "unlockAccount": {"security"},
    "grantRole": {"admin", "other_admin"},
    "endRole": {"admin", "other_admin"},
    "submitAppeal": PERSONS,
    "askAboutAuditEntry": PERSONS,
    "answerAppeal": {"admin", "other_admin", "security"},
    "extendAppeal": {"admin", "other_admin", "security"},
    "replayMessage": {"operator"},
    "reportIncident": {"security"},
    "incidentTold": {"security"},
}
"""Who gets past the guard; whether the very record is theirs, the action decides."""
NOTHING_TO_GET_WRONG = ("beginAuthenticator", "createCalendarFeed", "addScan", "beginPasskey", "beginPasskeySignIn")
SIGNED_IN = set(EVERYONE) - {None}
SUBSCRIPTIONS = {
    "appointmentChanged": SIGNED_IN,
    "slotChanged": set(EVERYONE),
    "resultArrived": SIGNED_IN,
    "abnormalResultArrived": SIGNED_IN,
    "criticalResultArrived": SIGNED_IN,
    "requestStatusChanged": SIGNED_IN,
    "requestQueueChanged": {"reviewer", "other_reviewer"},
    "policyStatusChanged": SIGNED_IN,
    "consentChanged": SIGNED_IN,
    "recordOpened": SIGNED_IN,
    "securityAlertRaised": {"admin", "other_admin", "security"},
    "roleChanged": {"admin", "other_admin", "security"},
    "registrationChanged": SIGNED_IN,
    "notificationArrived": SIGNED_IN,
    "recoveryChanged": SIGNED_IN,
    "events": SIGNED_IN,
}
"""Who may begin a stream; each event of it is decided anew."""


def selection(kind: GraphQLObjectType, name: str) -> str:
    """Return a field with the least below it that shows something."""
    named = get_named_type(kind.fields[name].type)
    if is_leaf_type(named):
        return name
    if name == "accessLogProof":
        return "accessLogProof(patientId: $id) { chain }"
    if name == "consentWithdrawal":
        return "consentWithdrawal(consentId: $id) { name }"
    if name == "dataChangeFaults":
        return "dataChangeFaults(category: NAME, values: []) { code }"
    if name == "node":
        return "node(id: $id) { id }"
    return f"{name} {{ {'nodes { __typename }' if 'nodes' in named.fields else '__typename'} }}"


async def seen(account: Account, who: str | None, patient: str) -> set[str]:
    """Return which fields of a patient someone sees."""
    kind = CORE.type_map["Patient"]
    document = "query($id: ID!) { node(id: $id) { ... on Patient { %s } } }" % " ".join(
        selection(kind, name) for name in kind.fields
    )
    answer = await account.ask(document, who, id=account.world.patient(patient))
    node = (answer.get("data") or {}).get("node")
    if node is None:
        assert "denied" not in answer["extensions"], "a record that may not be known has no reasons"
        return set()
    denied = {entry["path"][1] for entry in answer["extensions"].get("denied", ())}
    assert all(node[name] is None for name in denied)
    return set(node) - denied


async def test_who_sees_which_field_of_a_patient(account: Account) -> None:
    assert set(CORE.type_map["Patient"].fields) == ALL, "a new field is listed here first"
    expected = {who: NOTHING for who in EVERYONE} | {"anna": ALL, "doctor": TREATING}
    assert {who: await seen(account, who, "anna") for who in EVERYONE} == expected


async def test_a_representative_sees_the_scope(account: Account) -> None:
    assert await seen(account, "anna", "child") == PROFILE | {"appointments", "reports", "observations"}


async def test_a_reviewer_sees_who_asks_and_what(account: Account) -> None:
    await submit(account)
    assert await seen(account, "reviewer", "anna") == SERVING
    assert await seen(account, "other_reviewer", "anna") == NOTHING


async def test_an_unconfirmed_person_sees_nothing_clinical(account: Account) -> None:
    async with account.store.begin() as tx:
        await tx.connection.execute(
            "update account set level = 'SIMPLIFIED' where id = " + str(account.world.accounts["boris"]), ()
        )
    assert await seen(account, "boris", "boris") == PROFILE | CONTACTS | {"requests", "accessLog", "appeals"}


@pytest.mark.parametrize("to", ["practitioner_id", "organization_id"])
async def test_a_consent_opens_what_it_names_until_it_is_withdrawn(account: Account, to: str) -> None:
    row = await consent(account, to)
    assert await seen(account, "other_doctor", "anna") == RESULTS_ONLY
    async with account.store.begin() as tx:
        await facts.withdraw(tx, row.patient_id, row.id)
    assert await seen(account, "other_doctor", "anna") == NOTHING


async def test_an_expired_consent_opens_nothing(account: Account) -> None:
    await consent(account, "practitioner_id", expired=True)
    assert await seen(account, "other_doctor", "anna") == NOTHING


async def test_a_former_doctor_sees_nothing(account: Account) -> None:
    async with account.store.begin() as tx:
        await facts.end_treatment(tx, account.world.ids["anna"], account.world.ids["doctor"])
    assert await seen(account, "doctor", "anna") == NOTHING


async def test_an_assignment_at_another_clinic_needs_the_role_there(account: Account) -> None:
    async with account.store.begin() as tx:
        world = account.world.ids
        await registry.assign(tx, world["boris"], world["doctor"], world["other_clinic"])
    document = "query($id: ID!) { node(id: $id) { id } }"
    answer = await account.ask(document, "doctor", id=account.world.patient("boris"))
    assert answer["data"] == {"node": None}
    assert answer["extensions"]["denied"] == [{"path": ["node"], "reason": "ROLE", "remedy": "ASK_AN_ADMINISTRATOR"}]


async def test_who_may_ask_which_root(account: Account) -> None:
    assert set(CORE.query_type.fields) == set(ROOTS), "a new root is listed here first"
    for name, allowed in ROOTS.items():
        field = selection(CORE.query_type, name)
        document = f"query($id: ID!) {{ {field} }}" if "$id" in field else f"{{ {field} }}"
        patient = name in ("accessLogProof", "consentWithdrawal")
        known = account.world.patient("anna") if patient else account.world.node("Organization", "clinic")
        if name == "consentWithdrawal":
            known = NodeId("Consent", (account.world.ids["anna"], 999)).text()
        variables = {"id": known} if "$id" in field else {}
        for who in EVERYONE:
            answer = await account.ask(document, who, **variables)
            refused = [error["extensions"]["code"] for error in answer.get("errors", ())]
            closed = "NOT_SIGNED_IN" if who is None else "FORBIDDEN"
            if patient and who is not None:
                closed = "FORBIDDEN" if who == "doctor" else "NOT_FOUND"
            hers = name == "consentWithdrawal" and who == "anna"  # but there is none of this number
            assert refused == ([] if who in allowed and not hers else [closed]), (name, who)


async def test_who_gets_past_which_mutations_guard(account: Account) -> None:
    assert set(CORE.mutation_type.fields) == set(MUTATIONS), "a new mutation is listed here first"
    await account.house.ledger.stop()  # so many refusals are unusual: each person would raise an alert
    before = await rows(account)
    for name, allowed in MUTATIONS.items():
        if name in ("signIn", "signOut", "endOtherSessions", *NOTHING_TO_GET_WRONG):
            continue
        document = f"mutation($input: {CORE.mutation_type.fields[name].args['input'].type}) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
        for who in EVERYONE:
            answer = await account.ask(document, who, input=senseless(account, name))
            refused = [error["extensions"]["code"] for error in answer.get("errors", ())]
            wanted = [] if who in allowed else ["NOT_SIGNED_IN" if who is None else "FORBIDDEN"]
            assert refused == wanted, (name, who)
            if who in allowed:
                assert answer["data"][name]["errors"] != [], (name, who)
    assert await rows(account) == before


async def test_who_may_begin_which_stream(account: Account) -> None:
    fields = CORE.subscription_type.fields
    assert set(fields) == set(SUBSCRIPTIONS), "a new subscription is listed here first"
    doctor = account.world.node("Practitioner", "doctor")
    for name, allowed in SUBSCRIPTIONS.items():
        argument = "(practitionerId: $d)" if "practitionerId" in fields[name].args else ""
        document = f"subscription{'($d: ID!)' if argument else ''} {{ {name}{argument} {{ cursor }} }}"
        for who in EVERYONE:
            begun = await account.api.subscribe(Request(document, variables={"d": doctor}), await account.caller(who))
            if who in allowed:
                assert not isinstance(begun, Reply), (name, who)
                await begun.aclose()
            else:
                assert isinstance(begun, Reply)
                code = "NOT_SIGNED_IN" if who is None else "FORBIDDEN"
                assert f'"{code}"'.encode() in begun.body, (name, who)
    assert account.house.hub.open_streams == 0


async def test_nobody_may_watch_a_patient_who_is_not_theirs(account: Account) -> None:
    patient = account.world.patient("anna")
    allowed = {"anna": set(SUBSCRIPTIONS) - {"slotChanged", "requestQueueChanged", "securityAlertRaised"}}
    allowed["doctor"] = {
        "appointmentChanged",
        "resultArrived",
        "abnormalResultArrived",
        "criticalResultArrived",
        "events",
    }
    for name, field in CORE.subscription_type.fields.items():
        if "patientId" not in field.args:
            continue
        document = f"subscription($p: ID!) {{ {name}(patientId: $p) {{ cursor }} }}"
        for who in SIGNED_IN:
            begun = await account.api.subscribe(Request(document, variables={"p": patient}), await account.caller(who))
            assert isinstance(begun, Reply) is (name not in allowed.get(who, set())), (name, who)
            if not isinstance(begun, Reply):
                await begun.aclose()


async def test_not_yours_is_answered_as_not_there(account: Account) -> None:
    made_up = account.world.node("Patient", "anna")
    theirs = await account.ask("query($id: ID!) { node(id: $id) { id } }", "boris", id=account.world.patient("anna"))
    nobodys = await account.ask("query($id: ID!) { node(id: $id) { id } }", "boris", id=made_up)
    assert theirs == nobodys


def senseless(account: Account, name: str) -> dict[str, object]:
    """Return an input that is well formed and names nothing that is there."""

    def nothing(kind: str, *key: int) -> str:
        return NodeId(kind, key).text()

    inputs: dict[str, dict[str, object]] = {
        "bookAppointment": {"slotId": nothing("Slot", 5), "patientId": nothing("Patient", 5, 5)},
        "cancelAppointment": {"appointmentId": nothing("Appointment", 5, 6)},
        "submitRequest": {
            "patientId": nothing("Patient", 5, 5),
            "organizationId": nothing("Organization", 5),
            "kind": "FEEDBACK",
            "text": "?",
        },
        "submitDataChange": {
            "patientId": nothing("Patient", 5, 5),
            "organizationId": nothing("Organization", 5),
            "category": "ADDRESS",
            "values": [{"field": "address", "value": "?"}],
            "reason": "?",
        },
        "giveConsent": {
            "patientId": nothing("Patient", 5, 5),
            "practitionerId": nothing("Practitioner", 5),
            "categories": ["RESULTS"],
        },
        "endSession": {"sessionId": nothing("Session", 5)},
        "sendSignInCode": {"login": "nobody@example.org", "password": "?"},
        "sendStepUpCode": {"channel": "SMS"},
        "stepUp": {"code": "?"},
        "confirmAuthenticator": {"code": "?"},
        "changePassword": {"currentPassword": "?", "newPassword": "?"},
        "changeContact": {"channel": "SMS", "to": "?"},
        "confirmContact": {"ticket": "?", "channel": "SMS", "code": "?"},
        "beginRegistration": {"phone": "?", "email": "?"},
        "confirmContacts": {"ticket": "?", "phoneCode": "?", "emailCode": "?", "password": "?"},
        "submitPersonalData": {
            "familyName": "?",
            "givenName": "?",
            "birthDate": "2000-01-01",
            "sex": "FEMALE",
            "passport": "?",
            "snils": "?",
            "policy": "?",
        },
        "addScan": {"kind": "PASSPORT", "file": UploadFile(BytesIO(b""), filename="?")},
        "beginRecovery": {"login": ""},
        "recoverAccess": {"ticket": "?", "phoneCode": "?", "newPassword": "?"},
        "stopRecovery": {},
        "beginPasskey": {},
        "addPasskey": {"credential": "?", "name": "?"},
        "removePasskey": {"passkeyId": nothing("Passkey", 5)},
        "beginPasskeySignIn": {},
        "signInWithPasskey": {"credential": "?"},
        "submitDocuments": {},
        "sendConfirmationCode": {"channel": "EMAIL"},
        "confirmIdentity": {"ticket": "?", "code": "?"},
        "requestVideoCheck": {},
        "decideIdentity": {"registrationId": nothing("Registration", 5), "granted": True},
        "closeAlert": {"alertId": nothing("SecurityAlert", 5), "comment": "?"},
        "lockAccount": {"accountId": nothing("Account", 5), "reason": "?"},
        "unlockAccount": {"accountId": nothing("Account", 5), "reason": "?"},
        "grantRole": {
            "accountId": nothing("Account", 5),
            "role": "DOCTOR",
            "organizationId": nothing("Organization", 5),
        },
        "endRole": {"grantId": nothing("RoleGrant", 5)},
        "submitAppeal": {"patientId": nothing("Patient", 5, 5), "kind": "COPY", "text": "?"},
        "askAboutAuditEntry": {"entryId": nothing("AuditEntry", 5), "text": "?"},
        "answerAppeal": {"appealId": nothing("Appeal", 5), "granted": True, "text": "?"},
        "extendAppeal": {"appealId": nothing("Appeal", 5), "reason": "?"},
        "reportIncident": {
            "title": "?",
            "details": "?",
            "since": "2026-01-01T00:00:00Z",
            "until": "2026-01-02T00:00:00Z",
            "accountId": nothing("Account", 5),
        },
        "createCalendarFeed": {},
        "revokeCalendarFeed": {"feedId": nothing("CalendarFeed", 5)},
        "markNotificationsRead": {"ids": [nothing("Notification", 5)]},
        "changeNotificationSettings": {"zone": "?"},
        "incidentTold": {"incidentId": nothing("Incident", 5)},
        "replayMessage": {"messageId": nothing("InboundMessage", 5)},
        "withdrawConsent": {"consentId": nothing("Consent", 5, 6)},
        "changePolicyStatus": {"policyId": nothing("InsurancePolicy", 5, 6), "status": "ACTIVE"},
        "receiveResult": {
            "person": {"identifiers": [{"system": "urn:none", "value": "1"}]},
            "study": "1",
            "title": "?",
            "issuedAt": "2026-01-01T00:00:00Z",
            "observations": [],
        },
    }
    return inputs.get(name, {"requestId": nothing("PatientRequest", 5, 6), "comment": "?"})


async def submit(account: Account) -> None:
    document = """mutation($p: ID!, $o: ID!) {
      submitRequest(input: {patientId: $p, organizationId: $o, kind: FEEDBACK, text: "?"}) { errors { code } }
    }"""
    done = await account.run(document, p=account.world.patient("anna"), o=account.world.node("Organization", "clinic"))
    assert done["submitRequest"]["errors"] == []


async def consent(account: Account, to: str, *, expired: bool = False) -> ConsentRow:
    """Open Anna's profile and results to the other doctor, or to the clinic where he works."""
    ids = account.world.ids
    named = {"practitioner_id": ids["other_doctor"]} if to == "practitioner_id" else {to: ids["other_clinic"]}
    async with account.store.begin() as tx:
        row = ConsentRow(
            patient_id=ids["anna"],
            id=tx.new_id(),
            categories=facts.joined(frozenset({Category.PROFILE, Category.RESULTS})),
            purpose="TREATMENT",
            text_version="1",
            text_hash=b"",
            since=tx.now - timedelta(days=2),
            until=tx.now - timedelta(days=1) if expired else None,
            **named,
        )
        await tx.insert(row)
        return row


async def rows(account: Account) -> dict[str, int]:
    """Return how many rows each table has, but for the audit log, the outcomes and the tests' sessions."""
    from persistence.tables import DATA

    async with account.store.snapshot() as snapshot:
        return {
            name: (await snapshot.connection.fetch(f"select count(*) from {name}", ()))[0][0]
            for name in DATA.tables
            if name not in ("outcome", "session", "counter") and not name.startswith("audit_")
        }
