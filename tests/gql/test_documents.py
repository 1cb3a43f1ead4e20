"""What a document may cost, and which documents are served: decided before anything is loaded."""

import json
import tracemalloc
from pathlib import Path

import pytest

from gql.api import Api
from gql.documents import KEPT, NEW, Documents, Shelf
from gql.exchange import Request
from gql.trusted import ManifestBroken, Trusted, hash_of, read_manifest
from tests.house import Account

pytestmark = pytest.mark.anyio
ME = "{ viewer { name } }"
PAGES = "query($n: Int!, $m: Int!) { practitioners(first: $n) { nodes { slots(first: $m) { nodes { id } } } } }"


async def test_the_price_is_the_rows_that_may_be_loaded(account: Account) -> None:
    prices = {
        ME: 1,
        "{ viewer { patient { id } } }": 2,
        "{ viewer { patient { observations(first: 10) { nodes { text } } } } }": 12,
        "{ viewer { patient { appointments { nodes { practitioner { name clinic { name } } } } } } }": 62,
        "{ practitioners(first: 5) { nodes { slots(first: 4) { nodes { id } } } } }": 25,
    }
    found = {document: (await account.ask(document))["extensions"]["cost"] for document in prices}
    assert found == prices


async def test_too_costly_is_refused_before_it_is_loaded(account: Account) -> None:
    assert (await account.ask(PAGES, n=99, m=100))["extensions"]["cost"] == 9_999
    answer = await account.ask(PAGES, n=100, m=100)
    assert answer == {
        "errors": [
            {
                "message": "The operation asks for too much: take smaller pages or go less deep.",
                "extensions": {"code": "OPERATION_TOO_COSTLY"},
            }
        ]
    }


async def test_a_document_that_does_not_pass_is_judged_once(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    real = Documents._passed
    monkeypatch.setattr(Documents, "_passed", lambda self, text: judged.append(text) or real(self, text))
    for _ in range(5):
        answer = await account.ask("{ nothing }")
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert judged == ["{ nothing }"]


def test_a_shelf_holds_no_more_than_it_has_room_for() -> None:
    shelf = Shelf(10)
    for text in ("aaaa", "bbbb", "cccc"):
        shelf.put(text, f"judged {text}")  # type: ignore[arg-type]
    assert list(shelf) == ["judged bbbb", "judged cccc"]
    shelf.get("bbbb")
    shelf.put("dddd", "judged dddd")  # type: ignore[arg-type]
    assert list(shelf) == ["judged bbbb", "judged dddd"]
    shelf.put("longer than the shelf", "no")  # type: ignore[arg-type]
    assert list(shelf) == ["judged bbbb", "judged dddd"]


async def test_a_flood_of_new_documents_neither_grows_nor_pushes_out_what_is_used(account: Account) -> None:
    for _ in range(2):
        await account.run(ME)
    used = account.api._documents.kept.get(ME)
    await _flood(account, 0, 400)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    await _flood(account, 400, 800)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert account.api._documents.kept.get(ME) is used
    assert grown < 200 * (KEPT + NEW)


async def _flood(account: Account, first: int, last: int) -> None:
    for number in range(first, last):
        await account.run("{ viewer { " + " ".join(f"a{number}_{k}: name" for k in range(20)) + " } }")


def trusting(account: Account, documents: list[str], *, only: bool) -> Api:
    trusted = Trusted({hash_of(text): text for text in documents}, only=only)
    return Api(account.app, account.house.hub, trusted=trusted)


async def ask(api: Api, account: Account, request: Request) -> dict[str, object]:
    return json.loads((await api.execute(request, await account.caller("anna"))).body)


async def test_a_known_client_sends_a_documents_hash(account: Account) -> None:
    api = trusting(account, [ME], only=False)
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(ME)}}
    for request in (
        Request(None, document_id=f"sha256:{hash_of(ME)}"),
        Request(None, document_id=hash_of(ME).upper()),
        Request(None, extensions=persisted),
        Request(ME, extensions=persisted),
        Request("{ viewer { level } }"),
    ):
        assert "data" in await ask(api, account, request)
        assert api.kind(request) == "query"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request(None, document_id="sha256:00"), "PERSISTED_DOCUMENT_NOT_FOUND"),
        (Request(None, extensions={"persistedQuery": {"sha256Hash": "00"}}), "PERSISTED_QUERY_NOT_FOUND"),
        (Request(None, extensions={"persistedQuery": {"sha256Hash": 5}}), "PERSISTED_QUERY_NOT_FOUND"),
        (Request(None, extensions={"persistedQuery": 5}), "PERSISTED_QUERY_NOT_FOUND"),
        (Request("{ viewer { level } }"), "PERSISTED_DOCUMENT_REQUIRED"),
        (Request("{ viewer { level } }", document_id="sha256:00"), "PERSISTED_DOCUMENT_REQUIRED"),
        (Request("{ viewer { level } }", document_id=hash_of(ME)), "PERSISTED_DOCUMENT_REQUIRED"),
    ],
)
async def test_where_only_known_documents_are_served_all_others_are_refused(
    account: Account, request_: Request, code: str
) -> None:
    api = trusting(account, [ME], only=True)
    answer = await ask(api, account, request_)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]  # type: ignore[union-attr, attr-defined]
    assert api.kind(request_) is None
    assert "data" in await ask(api, account, Request(ME))


async def test_a_text_is_what_runs_whatever_id_comes_with_it(account: Account) -> None:
    api = trusting(account, [ME], only=False)
    answer = await ask(api, account, Request("{ asOf }", document_id=hash_of(ME)))
    assert list(answer["data"]) == ["asOf"]  # type: ignore[call-overload]


async def test_without_a_list_apollos_clients_are_told_to_stop_sending_ids(account: Account) -> None:
    api = Api(account.app, account.house.hub)
    answer = await ask(api, account, Request(None, extensions={"persistedQuery": {"sha256Hash": hash_of(ME)}}))
    [error] = answer["errors"]  # type: ignore[misc]
    assert error["message"] == "PersistedQueryNotSupported"
    assert error["extensions"] == {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}


def test_a_manifest_is_read_in_both_forms_and_a_wrong_hash_is_found_out(tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({f"sha256:{hash_of(ME)}": ME}))
    assert read_manifest(file) == {hash_of(ME): ME}
    file.write_text(json.dumps({"format": "x", "operations": [{"id": hash_of(ME), "name": "Me", "body": ME}]}))
    assert read_manifest(file) == {hash_of(ME): ME}
    for broken in ({hash_of(ME): "{ viewer { level } }"}, {"operations": [{"id": "a"}]}, [1]):
        file.write_text(json.dumps(broken))
        with pytest.raises(ManifestBroken):
            read_manifest(file)
