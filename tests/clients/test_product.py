"""Public clients against the product itself: queries, mutations, subscriptions and pages as their users write them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients import node as nodes
from tests.stories.conftest import Place

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]  # the first of them installs Node's packages
PLAYED = ["Смирнова Анна Петровна", [], ["SLOT_TAKEN"], [["BOOKED", "string"], ["CANCELLED", "string"]]]


@pytest.fixture(scope="session")
def node() -> str:
    """Node's path, the clients installed."""
    return nodes.clients()


async def play(node: str, script: str, place: Place, slot: str, *more: str) -> Any:
    """Run a client's script as Anna."""
    told = [f"{place.url}/graphql", await place.token("anna"), slot, place.world.patient("anna"), *more]
    return await nodes.run(node, f"product/{script}.mjs", *told)


async def test_apollo_over_the_websocket_and_over_multipart(node: str, place: Place) -> None:
    slot = place.world.node("Slot", "doctor_slot_0")
    assert await play(node, "apollo", place, slot) == [PLAYED, PLAYED]


async def test_urql_over_the_websocket_and_over_server_sent_events(node: str, place: Place) -> None:
    slot = place.world.node("Slot", "doctor_slot_0")
    assert await play(node, "urql", place, slot) == [PLAYED, PLAYED]


async def test_graphql_request_with_graphql_ws_and_graphql_sse(node: str, place: Place) -> None:
    slot = place.world.node("Slot", "doctor_slot_0")
    invalid, nobody = [400, "GRAPHQL_VALIDATION_FAILED"], [200, "NOT_SIGNED_IN"]
    assert await play(node, "graphql-request", place, slot) == [PLAYED, PLAYED, invalid, nobody]


@pytest.fixture(scope="session")
def compiled(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Relay's compiler makes of `relay/documents.js` and our schema."""
    folder = tmp_path_factory.mktemp("relay")
    (folder / "src" / "generated").mkdir(parents=True)
    (folder / "src" / "documents.js").write_text((nodes.HERE / "relay" / "documents.js").read_text())
    (folder / "schema.graphql").write_text((nodes.HERE.parents[1] / "schema.graphql").read_text())
    told: dict[str, Any] = {"src": "src", "schema": "schema.graphql", "language": "javascript"}
    told |= {"artifactDirectory": "src/generated", "eagerEsModules": False}  # Node finds its modules as CommonJS
    (folder / "relay.config.json").write_text(json.dumps(told))
    compiler = nodes.HERE / "node_modules" / "relay-compiler" / "cli.js"
    done = subprocess.run(
        [node, compiler, "relay.config.json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "src" / "generated"


async def test_relay_pages_through_node_and_keeps_one_store(node: str, place: Place, compiled: Path) -> None:
    slots = json.dumps([place.world.node("Slot", f"doctor_slot_{number}") for number in range(3)])
    name, first, second, different, seen, statuses = await play(node, "relay", place, slots, str(compiled))
    assert name == "Смирнова Анна Петровна"
    assert (first, second, different) == ([2, True], [3, False], 3)
    assert seen == ["CANCELLED"]
    assert statuses == ["BOOKED", "BOOKED", "CANCELLED"]


async def test_our_helper_alone_in_urql_and_in_apollo(place: Place) -> None:
    slot = place.world.node("Slot", "doctor_slot_0")
    assert await play(nodes.helper(), "helper", place, slot) == [PLAYED] * 4
