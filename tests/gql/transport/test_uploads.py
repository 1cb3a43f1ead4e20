import asyncio
import hashlib
import io
import json
from typing import Any

import httpx2
import pytest

from tests.gql.transport.conftest import Server
from tests.gql.transport.test_http import code

pytestmark = pytest.mark.anyio

ONE = {"query": "mutation($file: Upload!) { digest(file: $file) }", "variables": {"file": None}}
TWO = {"query": "mutation($files: [Upload!]!) { digests(files: $files) }", "variables": {"files": [None, None]}}
HEADERS = {"authorization": "Bearer good", "graphql-require-preflight": "1"}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def upload(
    server: Server, operations: Any, places: Any, files: dict[str, bytes], headers: dict[str, str] = HEADERS
) -> httpx2.Response:
    parts: dict[str, Any] = {
        "operations": (None, operations if isinstance(operations, str | bytes) else json.dumps(operations)),
        "map": (None, places if isinstance(places, str | bytes) else json.dumps(places)),
    }
    parts |= {name: (f"{name}.pdf", content, "application/pdf") for name, content in files.items()}
    return await server.http.post(server.url, files=parts, headers=headers)


async def test_a_file_reaches_its_variable(server: Server) -> None:
    content = bytes(range(256)) * 8192
    answer = await upload(server, ONE, {"0": ["variables.file"]}, {"0": content})
    assert answer.json() == {"data": {"digest": sha(content)}}
    file = server.engine.requests[-1].variables["file"]
    assert (file.filename, file.size, file.content_type) == ("0.pdf", 2_097_152, "application/pdf")


async def test_files_reach_places_in_a_list(server: Server) -> None:
    places = {"a": ["variables.files.1"], "b": ["variables.files.0"]}
    answer = await upload(server, TWO, places, {"a": b"first", "b": b"second"})
    assert answer.json() == {"data": {"digests": [sha(b"second"), sha(b"first")]}}


async def test_a_file_never_touches_the_disk(server: Server) -> None:
    await upload(server, ONE, {"0": ["variables.file"]}, {"0": b"x" * 5_000_000})
    assert isinstance(server.engine.requests[-1].variables["file"].file, io.BytesIO)


@pytest.mark.parametrize("name", ["apollo-require-preflight", "x-requested-with", "graphql-require-preflight"])
async def test_h8_an_upload_needs_a_preflight_header(server: Server, name: str) -> None:
    bearer = {"authorization": "Bearer good"}
    answer = await upload(server, ONE, {"0": ["variables.file"]}, {"0": b"x"}, bearer)
    assert (answer.status_code, code(answer)) == (403, "CSRF")
    answer = await upload(server, ONE, {"0": ["variables.file"]}, {"0": b"x"}, bearer | {name: "true"})
    assert answer.json() == {"data": {"digest": sha(b"x")}}


async def test_an_upload_of_a_stranger_is_not_read(server: Server) -> None:
    answer = await upload(server, ONE, {"0": ["variables.file"]}, {"0": b"x"}, {"x-requested-with": "x"})
    assert (answer.status_code, code(answer)) == (401, "NOT_SIGNED_IN")


@pytest.mark.parametrize(
    ("operations", "places"),
    [
        ("", {"0": ["variables.file"]}),
        ("[]", {"0": ["variables.file"]}),
        (json.dumps([ONE, ONE]), {"0": ["variables.file"]}),
        ("1", {"0": ["variables.file"]}),
        (b'{"query": "\xff"}', {"0": ["variables.file"]}),
        (ONE, ""),
        (ONE, "[]"),
        (ONE, "1"),
        (ONE, {"0": "variables.file"}),
        (ONE, {"0": []}),
        (ONE, {"0": [1]}),
        (ONE, {"0": [None]}),
        (ONE, {}),
        (ONE, {"0": ["variables.file"], "1": ["variables.file"]}),
        (ONE, {"0": ["query"]}),
        (ONE, {"0": ["query.0"]}),
        (ONE, {"0": ["variables"]}),
        (ONE, {"0": ["variables."]}),
        (ONE, {"0": ["variables.other"]}),
        (ONE, {"0": ["variables.file.0"]}),
        (ONE, {"0": ["variables.file", "variables.file"]}),
        (ONE, {"0": ["extensions.file"]}),
        (TWO, {"0": ["variables.files.2"]}),
        (TWO, {"0": ["variables.files.-1"]}),
        (TWO, {"0": ["variables.files.x"]}),
        (TWO, {"0": ["variables.files.²"]}),
        (TWO, {"0": ["variables.files." + "9" * 5000]}),
        ({**ONE, "variables": {"file": "text"}}, {"0": ["variables.file"]}),
        ({**ONE, "variables": None}, {"0": ["variables.file"]}),
        ("[" * 100_000, {"0": ["variables.file"]}),
    ],
)
async def test_h3_wrong_operations_and_maps_are_400(server: Server, operations: Any, places: Any) -> None:
    answer = await upload(server, operations, places, {"0": b"x"})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert server.engine.requests == []


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=", b"x", 400),
        ("multipart/form-data; boundary=" + "b" * 500, b"x", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"garbage", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{', 400),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--',
            400,
        ),
        ("multipart/form-data; boundary=b; charset=utf-16", b"--b--\r\n", 415),
    ],
)
async def test_h3_malformed_forms_are_refused(server: Server, kind: str, content: bytes, status: int) -> None:
    answer = await server.post(content=content, content_type=kind, **HEADERS)
    assert answer.status_code == status


async def test_a_field_twice_or_unknown_is_400(server: Server) -> None:
    for third in ("operations", "extra"):
        parts = [("operations", (None, "{}")), ("map", (None, "{}")), (third, (None, "{}"))]
        answer = await server.http.post(server.url, files=parts, headers=HEADERS)
        assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_an_upload_has_limits_of_files_file_and_total(small: Any) -> None:
    places = {"a": ["variables.files.0"], "b": ["variables.files.1"]}
    async with small(files=2, file=100_000, upload=160_000) as server:
        fits = await upload(server, TWO, places, {"a": b"x" * 100_000, "b": b"x"})
        answers = [
            await upload(server, TWO, places, {"a": b"x", "b": b"x", "c": b"x"}),
            await upload(server, TWO, places, {"a": b"x" * 100_001, "b": b"x"}),
            await upload(server, TWO, places, {"a": b"x" * 90_000, "b": b"x" * 90_000}),
        ]
    assert fits.status_code == 200
    assert [(answer.status_code, code(answer)) for answer in answers] == [(413, "PAYLOAD_TOO_LARGE")] * 3


async def test_too_many_uploads_at_once_are_asked_to_come_back(small: Any) -> None:
    async with small(uploads_at_once=0) as server:
        answer = await upload(server, ONE, {"0": ["variables.file"]}, {"0": b"x"})
        assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (503, "OVERLOADED", "5")


async def test_h3_an_upload_cut_off_by_the_client_is_no_event(server: Server) -> None:
    async with server.raw() as (_, writer):
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Requested-With: x\r\nAuthorization: Bearer good\r\n")
        writer.write(b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 999\r\n\r\n--b\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)  # nothing tells when the server has begun to read
    assert (await server.post({"query": "{ hello }"})).status_code == 200


async def test_h14_a_text_in_place_of_a_file_stays_a_text(server: Server) -> None:
    """The engine's Upload scalar takes starlette's UploadFile only, and no JSON makes one."""
    await server.post({**ONE, "variables": {"file": "x"}})
    assert server.engine.requests[-1].variables == {"file": "x"}
