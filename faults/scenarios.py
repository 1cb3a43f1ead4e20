"""What is done to the service, and what may come of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from faults.machines import Machine
from faults.stage import Stage

CALM = 2.0
"""Seconds of undisturbed work before the first fault and after the last."""


@dataclass(frozen=True)
class Scenario:
    """One fault on one set of machines."""

    name: str
    store: str
    bus: str
    fault: Callable[[Stage], Awaitable[None]]
    processes: int = 2
    gap: float = 5.0
    """Seconds that an event may be late at worst, and that writes may rest."""
    network: dict[str, float] | None = None
    short: bool = False
    """Whether the short form has it."""

    @property
    def title(self) -> str:
        """Return what the table calls it."""
        return f"{self.name} [{self.store}, {self.bus}]"


async def kill_workers(stage: Stage) -> None:
    """Kill -9 one process in the midst of its writes every 4 s; another starts in its place."""
    for number in range(4):
        await asyncio.sleep(CALM)
        victim = stage.services[number % len(stage.services)]
        victim.kill()
        await asyncio.sleep(0.5)
        await victim.start()
        await asyncio.sleep(1.5)
    await asyncio.sleep(CALM)


async def kill_server(stage: Stage) -> None:
    """Kill -9 every process at once; they start again after a second."""
    for _ in range(2):
        await asyncio.sleep(CALM)
        for service in stage.services:
            service.kill()
        await asyncio.sleep(1)
        await asyncio.gather(*(service.start() for service in stage.services))
    await asyncio.sleep(2 * CALM)


async def terminate(stage: Stage) -> None:
    """SIGTERM one process after the other, as a new version is rolled out."""
    for service in stage.services:
        await asyncio.sleep(CALM)
        seconds = await service.terminate()
        if seconds > 15:
            stage.ledger.wrong.append(f"SIGTERM took {seconds:.0f} s")
        await service.start()
    await asyncio.sleep(CALM)
    cut = [trouble for trouble in stage.ledger.troubles if trouble not in ("ConnectError", "SERVER_STOPPING")]
    if cut:
        stage.ledger.wrong.append(f"requests were cut: {', '.join(cut)}")
    if not set(stage.ledger.closes) <= {"1001", "1012", "ConnectionRefusedError"}:
        stage.ledger.wrong.append(f"sockets were closed otherwise: {dict(stage.ledger.closes)}")


async def kill_postgres(stage: Stage) -> None:
    """Kill -9 PostgreSQL; it is down for 3 s."""
    await _down(stage, stage.postgres)


async def kill_redis(stage: Stage) -> None:
    """Kill -9 Redis; it is down for 3 s, and no write fails for it."""
    await _down(stage, stage.redis)
    if stage.ledger.troubles:
        stage.ledger.wrong.append("writes failed")


async def _down(stage: Stage, machine: Machine | None) -> None:
    assert machine is not None
    pids = [service.pid for service in stage.services]
    await asyncio.sleep(CALM)
    machine.kill()
    await asyncio.sleep(3)
    await machine.start()
    await asyncio.sleep(4 * CALM)
    if pids != [service.pid for service in stage.services if service.alive]:
        stage.ledger.wrong.append("a process died with it")
    if stage.ledger.troubles["INTERNAL"]:
        stage.ledger.wrong.append("an error that says nothing: INTERNAL")


async def reset_connections(stage: Stage) -> None:
    """Reset every TCP connection every 2 s."""
    for _ in range(6):
        await asyncio.sleep(2)
        for proxy in stage.proxies:
            proxy.reset_all()
    await asyncio.sleep(CALM)


async def bear(stage: Stage) -> None:
    """Do nothing: the network is bad enough."""
    await asyncio.sleep(12)


RESETS = dict[str, float]()
SLOW = {"delay": 0.1, "rate": 200_000.0}
SCENARIOS = [
    Scenario("kill -9 of a worker every 4 s", "postgres", "redis", kill_workers, short=True),
    Scenario("kill -9 of a worker every 4 s", "postgres", "postgres", kill_workers),
    Scenario("kill -9 of the whole server", "sqlite", "memory", kill_server, processes=1, gap=10, short=True),
    Scenario("kill -9 of the whole server", "postgres", "redis", kill_server, gap=10),
    Scenario("SIGTERM, one after the other", "postgres", "redis", terminate),
    Scenario("SIGTERM", "sqlite", "memory", terminate, processes=1, gap=10),
    Scenario("kill -9 of PostgreSQL, 3 s down", "postgres", "redis", kill_postgres, gap=13, short=True),
    Scenario("kill -9 of PostgreSQL, 3 s down", "postgres", "postgres", kill_postgres, gap=13),
    Scenario("kill -9 of Redis, 3 s down", "postgres", "redis", kill_redis, short=True),
    Scenario("TCP resets every 2 s", "postgres", "redis", reset_connections, network=RESETS),
    Scenario("TCP resets every 2 s", "sqlite", "memory", reset_connections, processes=1, network=RESETS),
    Scenario("100 ms with jitter, 200 KB/s", "postgres", "redis", bear, network=SLOW),
]
