"""The rules for unusual activity, fed with the log as it is numbered: each entry once, through restarts (G8)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from domain.watch import Seen, Watch
from persistence import ledger
from persistence.alerts import Alarm
from persistence.audit import AuditBody, AuditRow
from persistence.ledger import Numbered
from persistence.store import Snapshot

PAGE: Final = 500


class Guard:
    """Knows up to which number it has looked; where that isn't the log's, it looks again at what rules remember."""

    def __init__(self, new_watch: Callable[[], Watch]) -> None:
        self._new_watch = new_watch
        self._watch: Watch | None = None
        self._looked = -1

    def afresh(self) -> "Guard":
        """Return one that knows nothing: what it was told may have been rolled back."""
        return Guard(self._new_watch)

    async def look(self, snapshot: Snapshot, size: int, batch: Sequence[Numbered]) -> list[Alarm]:
        """Return what the next entries make unusual, to be written in the transaction that numbers them."""
        if self._watch is None or self._looked != size:
            self._watch = await self._caught_up(snapshot, size)
        found = [
            Alarm(finding, entry.row.id, entry.row.organization_id, entry.body.address)
            for entry in batch
            for finding in self._watch.see(_seen(entry.row, entry.body))
        ]
        self._looked = size + len(batch)
        return found

    async def _caught_up(self, snapshot: Snapshot, size: int) -> Watch:
        """Return the rules as they stood; what they find on the way was raised then."""
        watch = self._new_watch()
        number = await ledger.first_since(snapshot, snapshot.now - watch.longest)
        while number is not None and number < size:
            for row in await ledger.between(snapshot, number, min(number + PAGE, size)):
                if row.id is not None:
                    watch.see(_seen(row, await snapshot.opened(AuditRow, AuditBody, row)))
            number += PAGE
        return watch


def _seen(row: Any, body: AuditBody) -> Seen:
    at: datetime = row.at
    return Seen(at, row.action, row.outcome, row.account_id, row.patient_id, body.address, body.ground)
