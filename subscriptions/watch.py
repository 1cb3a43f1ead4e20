"""Ends the streams whose rights are gone: looked at twice a second, and at once when the log tells of a change."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from domain.access import Rights
from domain.endings import Reconnect, RoleChanged, lost
from domain.events import GATE
from persistence import readers, watching
from persistence.readers import Standing
from persistence.store import Snapshot, Store
from subscriptions.stream import Stream

if TYPE_CHECKING:
    from subscriptions.hub import Hub

EVERY: Final = 0.5
"""Seconds in which every stream is looked at."""
SLICE: Final = 500
OVERLAP: Final = timedelta(seconds=30)
"""How much of the time before the last look is looked at again: what was committed late, or by another clock."""
log = structlog.get_logger()


class Watch:
    """Looks after the sessions, roles, relations and consents behind open streams."""

    def __init__(self, store: Store, hub: "Hub") -> None:
        self._store = store
        self._hub = hub
        self._news = asyncio.Event()
        self._looked: datetime | None = None

    def wake(self) -> None:
        """Look at once."""
        self._news.set()

    async def run(self) -> None:
        """Look, for ever: at some streams after the others, so that nobody waits for a look at thousands."""
        while True:
            streams = self._hub.all()
            slices = [streams[start : start + SLICE] for start in range(0, len(streams), SLICE)] or [[]]
            for some in slices:
                try:
                    await self._look(some)
                except Exception as error:  # noqa: BLE001 - the database may be away: then nothing is delivered either
                    log.warning("rights unreadable", error=type(error).__name__)
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EVERY / len(slices)):
                        await self._news.wait()

    async def _look(self, streams: Sequence[Stream]) -> None:
        now = asyncio.get_running_loop().time()
        self._hub.end_all((stream for stream in streams if stream.age <= now), Reconnect)
        async with self._store.snapshot() as snapshot:
            await self._sessions(snapshot, streams)
            await self._lapsed(snapshot)

    async def _sessions(self, snapshot: Snapshot, streams: Sequence[Stream]) -> None:
        """End what belongs to a session that is over, or to an account whose roles are others now."""
        signed_in = [(stream, viewer) for stream in streams if (viewer := stream.interest.viewer)]
        if not signed_in:
            return
        dead = await readers.dead(snapshot, {viewer.session_id for _, viewer in signed_in})
        roles = await readers.roles(snapshot, {viewer.account_id for _, viewer in signed_in})
        for stream, viewer in signed_in:
            if viewer.session_id in dead:
                stream.end(dead[viewer.session_id])
            elif (viewer.roles or viewer.account_id in roles) and (
                readers.role_set(viewer) != roles.get(viewer.account_id, frozenset())
            ):
                stream.end(RoleChanged)

    async def _lapsed(self, snapshot: Snapshot) -> None:
        """End what could show a patient's events by a relation or consent that has ended, and by no other."""
        since = (self._looked or snapshot.now) - OVERLAP
        lapses = [lapse for lapse in await watching.lapsed(snapshot, since) if self._hub.of(lapse.holder)]
        standing = await Standing.to(snapshot, {lapse.patient_id for lapse in lapses})
        for lapse in lapses:
            self._end(self._hub.of(lapse.holder), lapse.patient_id, standing)
        self._looked = snapshot.now

    def _end(self, streams: Iterable[Stream], patient_id: int, standing: Standing) -> None:
        for stream in streams:
            only, viewer = stream.interest.only, stream.interest.viewer
            if only is not None and ("patient_id", patient_id) not in only:
                continue
            rights = Rights(viewer, standing.facts(viewer, [patient_id]), standing.at)
            endings = (
                lost(rights, GATE[kind], patient_id, stream.began) for kind in stream.interest.kinds if kind in GATE
            )
            ending = next(filter(None, endings), None)
            if ending is not None:
                stream.end(ending)
