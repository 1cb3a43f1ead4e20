"""Pages, limits, and what bad input gets."""

import pytest

from gql.exchange import Request
from tests.house import Account

pytestmark = pytest.mark.anyio
FILE = """mutation($v: String!, $o: [ObservationInput!]!) { receiveResult(input: {
  person: {identifiers: [{system: "https://fhir.ru/ig/core/systems/snils", value: "11223344595"}]}, study: $v, title: "?",
  issuedAt: "2026-11-01T00:00:00Z", observations: $o }) { errors { code } } }"""
PAGE = """query($n: Int, $a: String) { viewer { patient { observations(first: $n, after: $a) {
  nodes { text } pageInfo { hasNextPage endCursor } } } } }"""
NODE = "query($i: ID!) { node(id: $i) { id } }"


async def measured(account: Account, count: int, study: str = "A") -> None:
    observations = [{"code": f"c{n}", "title": "?", "value": str(n)} for n in range(count)]
    done = await account.run(FILE, "lab", v=study, o=observations)
    assert done["receiveResult"]["errors"] == []


@pytest.mark.parametrize("size", [1, 4, 100])
async def test_pages_walked_are_the_whole_list(account: Account, size: int) -> None:
    await measured(account, 11)
    whole = (await account.run(PAGE, n=100))["viewer"]["patient"]["observations"]["nodes"]
    found, after, more = [], None, True
    while more:
        page = (await account.run(PAGE, n=size, a=after))["viewer"]["patient"]["observations"]
        found += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == whole
    assert len(whole) == 11


async def test_the_number_of_statements_does_not_grow_with_the_lists(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = "{ viewer { patients { nodes { reports { nodes { observations { nodes { text } } } } } } } }"
    counts = []
    for number in range(3):
        await measured(account, 5, f"study {number}")
        counts.append(await statements(account, monkeypatch, document))
    assert counts[0] == counts[1] == counts[2]


async def statements(account: Account, monkeypatch: pytest.MonkeyPatch, document: str) -> int:
    """Return how many statements a doctor's read takes."""
    from persistence.drivers.postgres import PostgresConnection
    from persistence.drivers.sqlite import SqliteConnection

    kind = SqliteConnection if account.store.driver.dialect == "sqlite" else PostgresConnection
    asked: list[str] = []
    fetch = kind.fetch

    async def counted(self, sql, arguments):
        asked.append(sql)
        return await fetch(self, sql, arguments)

    await account.token("doctor")
    with monkeypatch.context() as patched:
        patched.setattr(kind, "fetch", counted)
        await account.run(document, "doctor")
    return len([sql for sql in asked if "parent_n" in sql])


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ viewer { name", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + " ".join(f"a{n}: asOf" for n in range(31)) + "}", "DOCUMENT_TOO_COMPLEX"),
        (
            "{ viewer { patient {" + " policies { nodes { patient {" * 4 + " id " + "} } }" * 4 + "} } }",
            "DOCUMENT_TOO_COMPLEX",
        ),
        ("{ viewer {" + " name" * 501 + "} }", "DOCUMENT_TOO_COMPLEX"),
        ("{ viewer {" + " name" * 2001 + "} }", "GRAPHQL_PARSE_FAILED"),
        (
            "{ viewer { ...F0 } }"
            + " ".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(25))
            + " fragment F25 on Viewer { name }",
            "GRAPHQL_VALIDATION_FAILED DOCUMENT_TOO_COMPLEX",
        ),
        ("{ viewer { ...A } } fragment A on Viewer { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { asOf } query B { asOf }", "OPERATION_RESOLUTION_FAILURE"),
    ],
)
async def test_a_bad_document_is_refused_by_code(account: Account, document: str, code: str) -> None:
    answer = await account.ask(document)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] in code


@pytest.mark.parametrize(
    "i", ["", "nonsense", "UGF0aWVudDox", "x" * 5000, "\0", "UGF0aWVudDo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MQ"]
)
async def test_an_id_that_is_none_finds_nothing(account: Account, i: str) -> None:
    assert (await account.run(NODE, i=i))["node"] is None


@pytest.mark.parametrize(("argument", "value"), [("first", -1), ("first", 1001), ("after", "nonsense"), ("after", "")])
async def test_a_bad_page_names_the_argument(account: Account, argument: str, value: object) -> None:
    document = PAGE if argument == "first" else PAGE.replace("$n: Int, ", "").replace("first: $n, ", "")
    answer = await account.ask(document, **{"n" if argument == "first" else "a": value})
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": argument}


async def test_the_cursor_of_another_list_is_none_of_this_one(account: Account) -> None:
    of_an_instant = "ks8ABmD7U1ftsc0D_g"
    answer = await account.ask("query($a: String) { practitioners(after: $a) { nodes { id } } }", a=of_an_instant)
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": "after"}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("query($n: Int) { viewer { patient { observations(first: $n) { nodes { id } } } } }", {"n": "SECRET"}),
        ("query($n: DateTime) { viewer { patient { observations(from: $n) { nodes { id } } } } }", {"n": "SECRET"}),
        (
            "query($n: DateTime) { viewer { patient { observations(from: $n) { nodes { id } } } } }",
            {"n": "2026-01-01T00:00:00"},
        ),
        ('{ viewer { patient { observations(first: "SECRET") { nodes { id } } } } }', {}),
        ("{ viewer { patient { observations(first: SECRET) { nodes { id } } } } }", {}),
        ("query($i: BookAppointmentInput!) { __typename @include(if: $i) }", {"i": {"slotId": "SECRET", "SECRET": 1}}),
        (
            "mutation($i: BookAppointmentInput!) { bookAppointment(input: $i) { asOf } }",
            {"i": {"slotId": "1", "patientId": "2", "serviceType": "SECRET"}},
        ),
        ("mutation($i: BookAppointmentInput!) { bookAppointment(input: $i) { asOf } }", {"i": "SECRET"}),
        (
            "mutation($i: BookAppointmentInput!) { bookAppointment(input: $i) { asOf } }",
            {"i": {"slotId": {"a": "SECRET"}}},
        ),
    ],
)
async def test_no_message_repeats_a_value(account: Account, document: str, variables: dict) -> None:
    reply = await account.api.execute(Request(document, variables=variables), await account.caller("anna"))
    assert reply.executed is False
    assert b"SECRET" not in reply.body
    assert b'"code"' in reply.body
