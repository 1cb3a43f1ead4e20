"""Public clients and the public audit suite, through Node, against our server."""

import hashlib
from typing import Any

import pytest

from tests.clients import node as nodes
from tests.gql.transport.conftest import Server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]  # the first of them installs Node's packages

HELLO = {"hello": "Привет, мир!"}


@pytest.fixture(scope="session")
def node() -> str:
    """Node's path, the clients installed."""
    return nodes.clients()


async def run(node: str, script: str, server: Server) -> Any:
    return await nodes.run(node, script, server.url)


async def test_every_public_audit_of_graphql_over_http_passes(node: str, server: Server) -> None:
    assert await run(node, "audit.mjs", server) == {"audits": 61, "failed": []}


async def test_graphql_ws_understands_us(node: str, server: Server) -> None:
    assert await run(node, "graphql-ws.mjs", server) == [
        [{"data": HELLO}],
        [{"data": {"add": 1}}],
        [{"data": {"count": 1}}, {"data": {"count": 2}}, {"data": {"count": 3}}],
        [{"data": {"forever": 0}}],
        [{"thrown": ["GRAPHQL"]}],
        [{"data": {"ends": 1}}, {"thrown": ["CONSENT_WITHDRAWN"]}],
    ]
    await server.engine.until_closed("forever")


async def test_graphql_sse_understands_us(node: str, small: Any) -> None:
    async with small(heartbeat_seconds=0.005) as server:
        query, counted, forever, wrong, ended = await run(node, "graphql-sse.mjs", server)
        await server.engine.until_closed("forever")
    assert query == [{"data": HELLO}]
    assert counted == [{"data": {"count": 1}}, {"data": {"count": 2}}, {"data": {"count": 3}}]
    assert forever == [{"data": {"forever": 0}}]
    assert [error["extensions"]["code"] for error in wrong[0]["errors"]] == ["GRAPHQL"]
    assert ended[0] == {"data": {"ends": 1}}
    assert [error["extensions"]["code"] for error in ended[1]["errors"]] == ["CONSENT_WITHDRAWN"]


async def test_h7_urql_understands_us(node: str, server: Server) -> None:
    assert await run(node, "urql.mjs", server) == [HELLO, ["GRAPHQL"], [1, 2, 3]]


async def test_h11_apollo_understands_us(node: str, small: Any) -> None:
    async with small(heartbeat_seconds=0.005) as server:
        assert await run(node, "apollo.mjs", server) == [
            HELLO,
            HELLO,
            [{"count": 1}, {"count": 2}, {"count": 3}],
            [{"forever": 0}],
            [{"ends": 1}, {"failed": "CombinedProtocolErrors"}],
        ]
        await server.engine.until_closed("forever")


async def test_apollos_upload_link_understands_us(node: str, server: Server) -> None:
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in ("один", "a", "b")]
    one, many, refused = await run(node, "upload.mjs", server)
    assert (one, many) == (digests[0], digests[1:])
    assert refused == "CSRF"
