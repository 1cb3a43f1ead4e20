"""Role × field × relation: every cell is called; what isn't listed here is refused, and a new field fails until listed."""

from datetime import timedelta

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from actions import registry
from domain.access import Category
from gql.assembled import strawberry_schema
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
OWN = {"identifiers", "appointments", "policies", "requests", "consents", "accessLog"}
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
}
PERSONS = {"anna", "boris", "newcomer", *(name for name in STAFF if name not in ("lab", "insurer", "record_system"))}
MUTATIONS = {
    "signIn": set(EVERYONE),
    "signOut": set(EVERYONE) - {None},
    "bookAppointment": PERSONS,
    "cancelAppointment": PERSONS,
    "submitRequest": PERSONS,
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
}
"""Who gets past the guard; whether the very record is theirs, the action decides."""


def selection(kind: GraphQLObjectType, name: str) -> str:
    """Return a field with the least below it that shows something."""
    named = get_named_type(kind.fields[name].type)
    if is_leaf_type(named):
        return name
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
    assert await seen(account, "boris", "boris") == PROFILE | CONTACTS | {"requests", "accessLog"}


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
        variables = {"id": account.world.node("Organization", "clinic")} if "$id" in field else {}
        for who in EVERYONE:
            answer = await account.ask(document, who, **variables)
            refused = [error["extensions"]["code"] for error in answer.get("errors", ())]
            wanted = [] if who in allowed else ["NOT_SIGNED_IN" if who is None else "FORBIDDEN"]
            assert refused == wanted, (name, who)


async def test_who_gets_past_which_mutations_guard(account: Account) -> None:
    assert set(CORE.mutation_type.fields) == set(MUTATIONS), "a new mutation is listed here first"
    before = await rows(account)
    for name, allowed in MUTATIONS.items():
        if name in ("signIn", "signOut"):
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


async def test_not_yours_is_answered_as_not_there(account: Account) -> None:
    made_up = account.world.node("Patient", "anna")
    theirs = await account.ask("query($id: ID!) { node(id: $id) { id } }", "boris", id=account.world.patient("anna"))
    nobodys = await account.ask("query($id: ID!) { node(id: $id) { id } }", "boris", id=made_up)
    assert theirs == nobodys


def senseless(account: Account, name: str) -> dict[str, object]:
    """Return an input that is well formed and names nothing that is there."""
    from gql.planning.ids import NodeId

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
        "giveConsent": {
            "patientId": nothing("Patient", 5, 5),
            "practitionerId": nothing("Practitioner", 5),
            "categories": ["RESULTS"],
        },
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
            if name not in ("audit_entry", "outcome", "session")
        }
