"""What a person does with notifications: reads them, and chooses by which ways they come."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from actions.call import Acting, Call, Ref, action
from actions.notifying import REPLAN
from domain.audit import AuditAction
from domain.codes import Channel
from domain.errors import InvalidInput, NotFound, NotSignedIn
from domain.notifications import EARLIEST, LOCKED, MOST_REMINDERS, Settings, Topic
from persistence import notifications, sessions, tasks
from persistence.notifications import NotificationSettingsBody, NotificationSettingsRow

MOST: int = 1000
Choice = tuple[Topic, Channel, bool]


@action(AuditAction.READ_NOTIFICATIONS)
async def mark_read(acting: Acting, *, ids: Sequence[int] | None = None) -> Ref:
    """Mark notifications read; all that there are where none is named.

    Raises:
        NotFound: one isn't the viewer's.
        InvalidInput: there are too many.
    """
    if ids is None:
        await notifications.mark_all(acting.tx, acting.viewer.account_id)
    elif len(ids) > MOST:
        raise InvalidInput("ids")
    elif not await notifications.mark(acting.tx, acting.viewer.account_id, ids):
        raise NotFound("ids")
    return Ref(0, 0)


@action(AuditAction.CHANGE_NOTIFICATIONS)
async def choose(
    acting: Acting,
    *,
    choices: Sequence[Choice] = (),
    zone: str | None = None,
    quiet: tuple[int, int] | None = None,
    no_quiet: bool = False,
    reminders: Sequence[int] | None = None,
) -> Ref:
    """Change what is named of the viewer's choice; the rest stays.

    Raises:
        InvalidInput: a time or a zone is none, or something is to be switched off that can't be.
    """
    tx, account_id = acting.tx, acting.viewer.account_id
    row, was = await notifications.settings(tx, account_id)
    quiet_from, quiet_until = (None, None) if no_quiet else _quiet(quiet) or (was.quiet_from, was.quiet_until)
    new = Settings(
        was.zone if zone is None else _zone(zone),
        quiet_from,
        quiet_until,
        _chosen(was.chosen, choices),
        was.reminders if reminders is None else _reminders(reminders),
    )
    if row is None:
        row = NotificationSettingsRow(id=account_id, changed_at=tx.now)
        written = await tx.claim(row, NotificationSettingsBody(new))
    else:
        row.changed_at = tx.now
        written = await tx.reseal(row, NotificationSettingsBody(new))
    if reminders is not None:
        await tasks.add(tx, REPLAN, account_id=account_id)
    if not written:
        raise NotFound("input")  # pragma: no cover - somebody changed it at the very same moment
    return Ref(0, account_id)


async def of_viewer(call: Call) -> tuple[Settings, dict[str, int]]:
    """Return what the viewer has chosen, and how many notifications are unread, by topic.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
        if viewer is None:
            raise NotSignedIn
        _, chosen = await notifications.settings(snapshot, viewer.account_id)
        return chosen, await notifications.unread(snapshot, viewer.account_id)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("zone") from None
    return name


def _quiet(hours: tuple[int, int] | None) -> tuple[int, int] | None:
    if hours is not None and (hours[0] == hours[1] or not all(0 <= minute < 24 * 60 for minute in hours)):
        raise InvalidInput("quietHours")
    return hours


def _reminders(minutes: Sequence[int]) -> tuple[int, ...]:
    if len(minutes) > MOST_REMINDERS or not all(0 < minute <= EARLIEST for minute in minutes):
        raise InvalidInput("reminders")
    return tuple(sorted(set(minutes), reverse=True))


def _chosen(was: Mapping[str, bool], choices: Sequence[Choice]) -> dict[str, bool]:
    if any((topic, channel) in LOCKED and not on for topic, channel, on in choices):
        raise InvalidInput("choices")
    return {**was, **{f"{topic}/{channel}": on for topic, channel, on in choices}}
