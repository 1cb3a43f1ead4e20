"""Servers that are measured: ours on its own PostgreSQL and Redis, and the two peers, each one process."""

import asyncio
import base64
import json
import os
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.appointments import AppointmentStatus, ServiceType
from faults.machines import Machine, Postgres, Redis, program
from faults.people import People, populate
from faults.service import Service
from gql.planning.ids import NodeId
from persistence.appointments import AppointmentBody, AppointmentRow
from persistence.store import Store
from server.settings import Settings
from server.wiring import migrated, opened

PROTOCOL = "graphql-transport-ws"
HERE = Path(__file__).parent
CHANGED = """subscription($practitionerId: ID!) {
  slotChanged(practitionerId: $practitionerId) { cursor at slot { id state } }
}"""
BOOK = """mutation($slot: ID!, $patient: ID!) {
  bookAppointment(input: {slotId: $slot, patientId: $patient}) { errors { code } }
}"""
VISITS = "subscription($after: String) { appointmentChanged(after: $after) { cursor at appointment { id status } } }"


@dataclass
class Server:
    """A server that runs."""

    name: str
    port: int
    pid: int
    pings: bool
    """Whether it answers the protocol's pings; Mercurius doesn't."""
    watched: str
    """The global id of the doctor whose free times are watched."""

    def place(self, **given: Any) -> dict[str, Any]:
        """Return where and how the client subscribes to the doctor's free times."""
        subscribe = {"query": CHANGED, "variables": {"practitionerId": self.watched}}
        url = f"ws://127.0.0.1:{self.port}/graphql"
        return {"url": url, "protocol": PROTOCOL, "pings": self.pings, "subscribe": subscribe, **given}

    def memory(self) -> int:
        """Return what it holds in memory, bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Peer(Machine):
    """A peer under Node."""

    def __init__(self, name: str, redis: Redis) -> None:
        super().__init__()
        self.name = name
        self._redis = redis

    def command(self) -> list[str]:
        """Return what to run."""
        return [str(program("node")), str(HERE / "peers" / f"{self.name}.mjs"), str(self.port), str(self._redis.port)]

    def server(self) -> Server:
        """Return it as the client sees it."""
        assert self._process is not None
        return Server(self.name, self.port, self._process.pid, self.name != "mercurius", "1")


@asynccontextmanager
async def peer(name: str, redis: Redis) -> AsyncGenerator[Server]:
    """Run a peer."""
    running = Peer(name, redis)
    await running.start()
    try:
        yield running.server()
    finally:
        running.kill()


@dataclass
class Ours:
    """Our service and what is in it."""

    server: Server
    people: People
    settings: Settings
    visits: list[int]
    """A visit of each patient, which events tell of."""


async def _visits(store: Store, people: People) -> list[int]:
    async with store.begin(ids=len(people.patients)) as tx:
        ids = [tx.new_id() for _ in people.patients]
        rows = [
            AppointmentRow(
                patient_id=patient,
                id=visit,
                slot_id=people.slots[0],
                practitioner_id=people.doctor,
                organization_id=people.doctor,
                starts_at=tx.now,
                ends_at=tx.now,
                status=AppointmentStatus.BOOKED.value,
                service_type=ServiceType.CONSULTATION.value,
                created_at=tx.now,
            )
            for patient, visit in zip(people.patients, ids, strict=True)
        ]
        await tx.insert_all([(row, AppointmentBody()) for row in rows])
    return ids


@asynccontextmanager
async def ours(postgres: Postgres, bus: str, patients: int, folder: Path) -> AsyncGenerator[Ours]:
    """Run our service on a database of its own, with as many patients as wanted."""
    name = f"streams_{os.urandom(4).hex()}"
    await postgres.create(name, f"{name}_keys")
    environment = {
        "MEDKABINET_MASTER_KEYS": f"bench:{base64.b64encode(os.urandom(32)).decode()}",
        "MEDKABINET_DATABASE_URL": f"{postgres.url}/{name}",
        "MEDKABINET_KEYS_URL": f"{postgres.url}/{name}_keys",
        "MEDKABINET_BUS_URL": bus if bus.startswith("redis") else f"{postgres.url}/{name}",
        "MEDKABINET_STREAMS_A_PERSON": "100000",
    }
    given = {key.removeprefix("MEDKABINET_").lower(): value for key, value in environment.items()}
    settings = Settings.model_validate(given)
    await migrated(settings)
    async with opened(settings) as store:
        people = await populate(store, patients, 500)
        visits = await _visits(store, people)
    service = Service(environment, folder / f"{name}.log")
    await service.start()
    try:
        doctor = NodeId("Practitioner", (people.doctor,)).text()
        yield Ours(Server("medkabinet", service.port, service.pid, True, doctor), people, settings, visits)
    finally:
        service.kill()


class Client:
    """The Node process that holds the subscribers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, command: str, **given: Any) -> dict[str, Any]:
        """Let it do something and return what it tells.

        Raises:
            RuntimeError: it failed, or a subscriber was told of trouble.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **given}).encode() + b"\n")
        async with asyncio.timeout(600):
            answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        if "failed" in answer or "trouble" in answer:
            raise RuntimeError(str(answer))
        return answer


@asynccontextmanager
async def client() -> AsyncGenerator[Client]:
    """Start the client; it goes with its subscribers."""
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(program("node")), str(HERE / "client.mjs"), stdin=pipe, stdout=pipe, limit=64 * 1024 * 1024
    )
    try:
        yield Client(process)
    finally:
        process.kill()
        await process.wait()
