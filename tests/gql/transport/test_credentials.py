from typing import Any

import pytest

from tests.gql.transport.conftest import Server, serving, settings
from tests.gql.transport.test_http import code

pytestmark = pytest.mark.anyio

WHOAMI = {"query": "{ whoami }"}
COOKIE = "theme=dark; session=good"


async def test_a_bearer_opens_and_the_cookie_beside_it_is_ignored(server: Server) -> None:
    for scheme in ("Bearer", "bearer"):
        answer = await server.post(WHOAMI, authorization=f"{scheme} good", cookie="session=other")
        assert answer.json() == {"data": {"whoami": "good"}}


async def test_a_cookie_opens_with_its_csrf_token_only(server: Server) -> None:
    answer = await server.post(WHOAMI, cookie=COOKIE, x_csrf_token="csrf-of-good")
    assert answer.json() == {"data": {"whoami": "good"}}
    for wrong in ({}, {"x_csrf_token": ""}, {"x_csrf_token": "csrf-of-other"}, {"x_csrf_token": "x" * 300}):
        answer = await server.post({"query": "mutation { add(number: 1) }"}, cookie=COOKIE, **wrong)
        assert (answer.status_code, code(answer)) == (403, "CSRF")
    assert server.engine.total == 0


async def test_a_csrf_token_that_is_not_ascii_is_just_wrong(server: Server) -> None:
    headers: Any = {b"content-type": b"application/json", b"cookie": b"session=good", b"x-csrf-token": b"\xe9"}
    answer = await server.http.post(server.url, content=b'{"query":"{ whoami }"}', headers=headers)
    assert (answer.status_code, code(answer)) == (403, "CSRF")


async def test_a_get_with_a_cookie_needs_the_csrf_token_too(server: Server) -> None:
    answer = await server.get({"cookie": COOKIE}, query="{ whoami }")
    assert (answer.status_code, code(answer)) == (403, "CSRF")
    answer = await server.get({"cookie": COOKIE, "x-csrf-token": "csrf-of-good"}, query="{ whoami }")
    assert answer.json() == {"data": {"whoami": "good"}}


async def test_six_forgeries_of_six_are_refused(server: Server) -> None:
    mutation, cookie = b'{"query":"mutation { add(number: 1) }"}', {"cookie": COOKIE}
    form = {"operations": (None, mutation.decode()), "map": (None, "{}")}
    answers = [
        await server.http.post(server.url, data={"query": "mutation { add(number: 1) }"}, headers=cookie),
        await server.post(content=mutation, content_type="text/plain", **cookie),
        await server.http.post(server.url, files=form, headers=cookie),
        await server.get(cookie, query="mutation { add(number: 1) }"),
        await server.post(content=mutation, **cookie),
        await server.post(content=mutation, origin="https://evil.test", x_csrf_token="csrf-of-good", **cookie),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert [code(answer) for answer in answers] == ["CSRF"] * 5 + ["ORIGIN"]
    assert server.engine.total == 0


async def test_without_a_cookie_plain_forms_are_refused_all_the_same(server: Server) -> None:
    mutation = b'{"query":"mutation { add(number: 1) }"}'
    form = {"operations": (None, mutation.decode()), "map": (None, "{}")}
    answers = [
        await server.http.post(server.url, data={"query": "mutation { add(number: 1) }"}),
        await server.post(content=mutation, content_type="text/plain"),
        await server.http.post(server.url, files=form),
    ]
    assert [answer.status_code for answer in answers] == [415, 415, 403]


async def test_nobody_is_a_caller_without_a_token(server: Server) -> None:
    assert (await server.post(WHOAMI)).json() == {"data": {"whoami": "никто"}}
    assert (await server.post(WHOAMI, authorization="Basic YTpi")).json() == {"data": {"whoami": "никто"}}


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer a, Bearer b", "Bearer ä", "Bearer a;b"])
async def test_a_malformed_bearer_is_400(server: Server, header: str) -> None:
    raw: Any = {b"content-type": b"application/json", b"authorization": header.encode("latin-1")}
    answer = await server.http.post(server.url, content=b'{"query":"{ whoami }"}', headers=raw)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_the_idempotency_key_is_at_most_255_printable_characters(server: Server) -> None:
    await server.post(WHOAMI, idempotency_key="k" * 255)
    assert server.engine.callers[-1].key == "k" * 255
    for wrong in ("k" * 256, "", "a\tb"):
        answer = await server.post(WHOAMI, idempotency_key=wrong)
        assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    await server.post(WHOAMI)
    assert server.engine.callers[-1].key is None


async def test_the_audit_log_gets_address_language_and_a_short_user_agent(server: Server) -> None:
    await server.post(WHOAMI, user_agent="a" * 300, accept_language="en", x_forwarded_for="9.9.9.9")
    caller = server.engine.callers[-1]
    assert (caller.address, caller.language, caller.user_agent) == ("127.0.0.1", "en", "a" * 200)


async def test_a_user_agent_forges_no_lines(server: Server) -> None:
    raw: Any = {b"content-type": b"application/json", b"user-agent": b"a\x85b\x9bc"}
    await server.http.post(server.url, content=b'{"query":"{ whoami }"}', headers=raw)
    assert server.engine.callers[-1].user_agent == "abc"


async def test_only_a_trusted_proxys_own_hop_is_believed() -> None:
    async with serving(settings(trusted_proxy=True)) as server:
        for header, address in (
            ("6.6.6.6, 9.9.9.9", "9.9.9.9"),
            ("2001:DB8::1", "2001:db8::1"),
            ("rm -rf", "127.0.0.1"),
        ):
            await server.post(WHOAMI, x_forwarded_for=header)
            assert server.engine.callers[-1].address == address


async def test_the_cookies_name_is_a_setting() -> None:
    async with serving(settings(cookie="__Host-s")) as server:
        answer = await server.post(WHOAMI, cookie="session=other; __Host-s=good", x_csrf_token="csrf-of-good")
        assert answer.json() == {"data": {"whoami": "good"}}
