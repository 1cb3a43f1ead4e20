"""Subscribers: they keep the last cursor, come back with it whatever happens, and write down all that they see."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import websockets

from faults.ledger import Ledger, Screen, Seen
from gql.planning.ids import NodeId

FIELDS = {
    "APPOINTMENT_CHANGED": ("appointmentChanged", "appointment { id }"),
    "ABNORMAL_RESULT_ARRIVED": ("abnormalResultArrived", "report { id }"),
}


def document(kind: str) -> str:
    """Return the subscription to a kind of event."""
    field, selected = FIELDS[kind]
    return f"subscription($after: String) {{ {field}(after: $after) {{ cursor at {selected} }} }}"


async def as_of(url: str, token: str) -> str:
    """Return the cursor of this moment."""
    async with httpx2.AsyncClient() as http:
        response = await http.post(
            f"{url}/graphql", json={"query": "{ asOf }"}, headers={"Authorization": f"Bearer {token}"}
        )
        return str(response.json()["data"]["asOf"])


async def watch(urls: Sequence[str], token: str, cursor: str, screen: Screen, ledger: Ledger) -> None:
    """Watch until cancelled; come back with the last cursor."""
    screen.start = int(cursor.partition(".")[0])
    for url in itertools.cycle(urls):
        address = url.replace("http", "ws") + "/graphql"
        try:
            async with websockets.connect(
                address, subprotocols=["graphql-transport-ws"], open_timeout=3, close_timeout=1, compression=None
            ) as socket:
                screen.connects += 1
                async for payload in _frames(socket, token, document(screen.kind), cursor):
                    cursor = _note(screen, payload)
        except websockets.ConnectionClosed as closed:
            ledger.closes[str(closed.rcvd.code if closed.rcvd else "broken")] += 1
        except Interrupted as interrupted:
            ledger.closes[str(interrupted)] += 1
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            ledger.closes[type(error).__name__] += 1
        await asyncio.sleep(0.1)


class Interrupted(Exception):
    """The server ended the stream, and said why."""


async def _frames(socket: Any, token: str, query: str, cursor: str) -> Any:
    """Yield each event's payload."""
    await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
    async with asyncio.timeout(5):
        await socket.recv()
    subscribe = {"query": query, "variables": {"after": cursor}}
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": subscribe}))
    while True:
        frame = json.loads(await socket.recv())
        match frame["type"]:
            case "next" if "errors" not in frame["payload"]:
                yield next(iter(frame["payload"]["data"].values()))
            case "next":
                raise Interrupted(frame["payload"]["errors"][0]["extensions"]["code"])
            case "error":
                raise Interrupted(frame["payload"][0]["extensions"]["code"])
            case "complete":
                raise Interrupted("complete")
            case "ping":
                await socket.send(json.dumps({"type": "pong"}))


def _note(screen: Screen, payload: dict[str, Any]) -> str:
    """Write an event down; return its cursor."""
    late = (datetime.now(UTC) - datetime.fromisoformat(payload["at"])).total_seconds()
    row: dict[str, Any] | None = payload.get("appointment") or payload.get("report")
    row_id = NodeId.parse(row["id"]).key[-1] if row else 0
    cursor = str(payload["cursor"])
    screen.seen.append(Seen(int(cursor.partition(".")[0]), row_id, late))
    return cursor
