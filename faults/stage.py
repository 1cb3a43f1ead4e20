"""A whole service with people in it, on machines of its own, ready to be hurt."""

import asyncio
import base64
import os
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from faults import screens, writers
from faults.ledger import Ledger, Screen
from faults.machines import Postgres, Redis
from faults.people import People, populate
from faults.proxy import Proxy
from faults.reckoning import Account, reckon, truth_of
from faults.service import Service
from faults.writers import Writing
from server.settings import Settings
from server.wiring import migrated, opened

PATIENTS = 5
SLOTS = 4000
SETTLING = 20.0
"""Seconds without a new event on any screen after which what is missing counts as lost."""


@dataclass
class Stage:
    """What runs, and what people were told."""

    services: list[Service]
    people: People
    database: str
    postgres: Postgres | None = None
    redis: Redis | None = None
    proxies: list[Proxy] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    bad_network: bool = False

    @property
    def urls(self) -> list[str]:
        """Return where clients go."""
        doors = self.proxies or self.services
        return [f"http://127.0.0.1:{door.port}" for door in doors]

    async def play(self, fault: Callable[["Stage"], Awaitable[None]]) -> Account:
        """Let people work while the fault happens; then let them finish, and account."""
        writing = Writing(self.urls, self.people, self.ledger, asyncio.Event())
        watching = await self._watching()
        self.ledger.answered()
        self.ledger.longest_pause = 0.0
        working = [asyncio.create_task(writers.laboratory(writing))]
        contested = self.people.slots[: SLOTS // 5]
        for number in range(PATIENTS):
            own = self.people.slots[SLOTS // 5 + number :: PATIENTS]
            working.append(asyncio.create_task(writers.patient(writing, number, own, contested)))
        await fault(self)
        writing.stopping.set()
        for unfinished in await asyncio.gather(*working, return_exceptions=True):
            if unfinished is not None:
                self.ledger.wrong.append(f"an act has no outcome: {unfinished!r}")
        await self._settle()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        return reckon(await truth_of(self.database), self.ledger)

    async def _watching(self) -> list[asyncio.Task[None]]:
        """Open the patients' screens and the doctor's."""
        people, tasks = self.people, []
        whose = [*zip(people.patients, people.tokens, strict=True), (None, people.doctor_token)]
        for number, (patient, token) in enumerate(whose):
            for kind in screens.FIELDS:
                screen = Screen(f"{number} {kind}", kind, patient)
                self.ledger.screens.append(screen)
                turned = self.urls[number % len(self.urls) :] + self.urls[: number % len(self.urls)]
                cursor = await screens.as_of(turned[0], token)
                tasks.append(asyncio.create_task(screens.watch(turned, token, cursor, screen, self.ledger)))
        return tasks

    async def _settle(self) -> None:
        """Wait until every screen has what it is due, or none has got anything for a while."""
        loop = asyncio.get_running_loop()
        seen, since = -1, loop.time()
        while loop.time() < since + SETTLING:
            truth = await truth_of(self.database)
            late = [screen for screen in self.ledger.screens if len(truth.due(screen)) > len(screen.seen)]
            if not late and all(position for position, *_ in truth.events):
                return
            now = sum(len(screen.seen) for screen in self.ledger.screens)
            if now > seen:
                seen, since = now, loop.time()
            await asyncio.sleep(0.3)


@asynccontextmanager
async def staged(store: str, bus: str, processes: int, network: dict[str, float] | None) -> AsyncGenerator[Stage]:
    """Start everything; end everything."""
    postgres = Postgres() if "postgres" in (store, bus) else None
    redis = Redis() if bus == "redis" else None
    folder = tempfile.TemporaryDirectory(prefix="medkabinet-faults-")
    services: list[Service] = []
    stage: Stage | None = None
    try:
        environment = await _environment(Path(folder.name), store, postgres)
        environment["MEDKABINET_BUS_URL"] = await _bus(bus, postgres, redis)
        people = await _peopled(environment)
        services += [Service(environment, Path(folder.name) / f"{number}.log") for number in range(processes)]
        await asyncio.gather(*(service.start() for service in services))
        stage = Stage(services, people, environment["MEDKABINET_DATABASE_URL"], postgres, redis)
        if network is not None:
            stage.proxies = [Proxy(service.port, **network) for service in services]
            for proxy in stage.proxies:
                await proxy.start()
        yield stage
    finally:
        for proxy in stage.proxies if stage else ():
            await proxy.stop()
        for service in services:
            service.kill()
        if redis is not None:
            redis.kill()
        if postgres is not None:
            postgres.remove()
        folder.cleanup()


async def _environment(folder: Path, store: str, postgres: Postgres | None) -> dict[str, str]:
    environment = {"MEDKABINET_MASTER_KEYS": f"faults:{base64.b64encode(os.urandom(32)).decode()}"}
    if postgres is not None:
        await postgres.start()
    if store == "postgres" and postgres is not None:
        await postgres.create("data", "keys")
        urls = {"MEDKABINET_DATABASE_URL": f"{postgres.url}/data", "MEDKABINET_KEYS_URL": f"{postgres.url}/keys"}
        return environment | urls
    return environment | {"MEDKABINET_DATABASE_URL": f"sqlite:///{folder / 'data.db'}"}


async def _bus(bus: str, postgres: Postgres | None, redis: Redis | None) -> str:
    if redis is not None:
        await redis.start()
        return redis.url
    if bus == "postgres" and postgres is not None:
        return f"{postgres.url}/data"
    return "memory://"


async def _peopled(environment: dict[str, str]) -> People:
    given = {name.removeprefix("MEDKABINET_").lower(): value for name, value in environment.items()}
    settings = Settings.model_validate(given)
    await migrated(settings)
    async with opened(settings) as store:
        return await populate(store, PATIENTS, SLOTS)
