"""Visits in people's own calendars: feeds by a secret address, a file a visit, and when a doctor is busy (A16)."""

from datetime import timedelta
from typing import Final

from actions import access
from actions.call import Acting, Call, Ref, action
from domain.access import Category, Permission, Rights
from domain.accounts import Viewer
from domain.appointments import AppointmentStatus
from domain.audit import AuditAction, AuditEntry
from domain.calendars import Busy, CalendarDetail, Visit, calendar, free_busy
from domain.errors import InvalidInput, NotFound, NotSignedIn
from persistence import access as facts
from persistence import accounts, appointments, calendars, notifications, organizations, practitioners, sessions
from persistence.accounts import AccountBody, AccountRow
from persistence.appointments import AppointmentRow
from persistence.audit import Origin
from persistence.calendars import CalendarFeedRow
from persistence.store import Snapshot
from security.tokens import digest, new_token

MOST: Final = 10
"""Open feeds of one account."""
BUSY_FOR: Final = timedelta(days=30)
NAME: Final = {"ru": "Медкабинет", "en": "Medkabinet"}
VISIT: Final = {"ru": "Визит", "en": "Visit"}
GONE: Final = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW})


async def create(call: Call, *, detail: CalendarDetail) -> tuple[str, Ref]:
    """Open a feed; return its path, which is told this once.

    Raises:
        InvalidInput: the viewer has as many as one may have.
    """
    secret = new_token()
    done = await _create(call, detail=detail, secret_hash=digest(secret))
    return f"/calendars/{secret}.ics", done


@action(AuditAction.CREATE_CALENDAR)
async def _create(acting: Acting, *, detail: CalendarDetail, secret_hash: bytes) -> Ref:
    tx, account_id = acting.tx, acting.viewer.account_id
    if await calendars.open_feeds(tx, account_id) >= MOST:
        raise InvalidInput("detail")
    row = CalendarFeedRow(
        id=tx.new_id(), account_id=account_id, secret_hash=secret_hash, detail=detail, created_at=tx.now
    )
    await tx.insert(row)
    tx.audit(AuditEntry(AuditAction.CREATE_CALENDAR, subject_id=row.id))
    return Ref(0, row.id)


@action(AuditAction.REVOKE_CALENDAR)
async def revoke(acting: Acting, *, feed_id: int) -> Ref:
    """Close a feed: its address opens nothing from now on.

    Raises:
        NotFound: it isn't the viewer's, or is closed.
    """
    if not await calendars.revoke(acting.tx, acting.viewer.account_id, feed_id):
        raise NotFound("feedId")
    acting.tx.audit(AuditEntry(AuditAction.REVOKE_CALENDAR, subject_id=feed_id))
    return Ref(0, feed_id)


async def feed(call: Call, secret: str) -> str:
    """Return the calendar that an address opens: whoever has the address reads it, as its owner chose.

    Raises:
        NotFound: it opens nothing, or not any more.
        AuditUnavailable: the reading could not be recorded.
    """
    async with call.app.store.snapshot() as snapshot:
        found = await calendars.by_secret(snapshot, digest(secret))
        record = found and await accounts.by_id(snapshot, found.account_id)
        if not found or not record:
            raise NotFound
        viewer = Viewer(record.id, 0, accounts.level_of(record), record.patient_id, record.practitioner_id)
        language = (await snapshot.opened(AccountRow, AccountBody, record)).language
        mine = await notifications.patients_of(snapshot, viewer.account_id)
        rights = Rights(viewer, await facts.facts(snapshot, viewer, mine), snapshot.now)
        readable = [one for one in mine if rights.decide(Permission.READ_APPOINTMENTS, one).allowed]
        detail = CalendarDetail(found.detail)
        visits = [
            await _shown(snapshot, visit, detail, language)
            for patient_id in readable
            for visit in await calendars.visits(snapshot, patient_id)
        ]
    await _record(call, viewer, AuditAction.READ_CALENDAR, readable or [None])
    return calendar(visits, snapshot.now, _organizer(call), NAME.get(language, NAME["ru"]))


async def visit_file(call: Call, *, patient_id: int, appointment_id: int) -> str:
    """Return one visit for a calendar; of a cancelled one, the word that takes it out.

    Raises:
        NotSignedIn: nobody is signed in.
        NotFound: there is none such that the viewer may know of.
        Forbidden: the viewer may not see visits of this patient.
    """
    async with call.app.store.begin() as tx:  # the check is an action's
        viewer = await _viewer(call, tx)
        tx.auditor = call.origin(viewer)
        await access.require(Acting(tx, viewer, call), Permission.READ_APPOINTMENTS, patient_id)
        found = await appointments.by_id(tx, patient_id, appointment_id)
        if found is None:
            raise NotFound
        shown = await _shown(tx, found[0], CalendarDetail.DOCTOR, call.language)
        entry = AuditEntry(AuditAction.READ, patient_id=patient_id, categories=(Category.APPOINTMENTS,))
        tx.audit(entry)
    method = "CANCEL" if shown.cancelled else "PUBLISH"
    return calendar([shown], tx.now, _organizer(call), NAME.get(call.language, NAME["ru"]), method=method)


async def busy(call: Call, *, practitioner_id: int) -> str:
    """Return when a doctor is busy in the next thirty days, for partners' calendars.

    Raises:
        NotSignedIn: nobody is signed in.
        NotFound: there is no such doctor.
    """
    async with call.app.store.snapshot() as snapshot:
        await _viewer(call, snapshot)
        if await practitioners.by_id(snapshot, practitioner_id) is None:
            raise NotFound
        until = snapshot.now + BUSY_FOR
        taken = [Busy(row.starts_at, row.ends_at) for row in await calendars.taken(snapshot, practitioner_id, until)]
    uid = f"busy-{practitioner_id}@{_host(call)}"
    return free_busy(taken, snapshot.now, until, snapshot.now, _organizer(call), uid)


async def _viewer(call: Call, snapshot: Snapshot) -> Viewer:
    viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
    if viewer is None:
        raise NotSignedIn
    return viewer


async def _shown(snapshot: Snapshot, visit: AppointmentRow, detail: CalendarDetail, language: str) -> Visit:
    summary = NAME.get(language, NAME["ru"])
    location: str | None = None
    if detail is not CalendarDetail.TIME:
        summary = VISIT.get(language, VISIT["ru"])
        place = await organizations.by_id(snapshot, visit.organization_id)
        if place is not None:
            location = ", ".join(part for part in (place.name, place.city, place.address) if part)
    if detail is CalendarDetail.DOCTOR:
        doctor = await practitioners.by_id(snapshot, visit.practitioner_id)
        summary = f"{summary}: {doctor.name}" if doctor else summary
    gone = visit.status in GONE
    uid = f"visit-{visit.id}@medkabinet"
    return Visit(uid, visit.version - 1, visit.starts_at, visit.ends_at, gone, summary, location)


async def _record(call: Call, viewer: Viewer, what: AuditAction, patients: list[int] | list[None]) -> None:
    origin = Origin(viewer.account_id, call.address, call.user_agent, call.operation, patient_id=viewer.patient_id)
    categories = (Category.APPOINTMENTS,)
    entries = [AuditEntry(what, patient_id=one, categories=categories if one else ()) for one in patients]
    await call.app.audit.recorded(entries, origin)


def _host(call: Call) -> str:
    return call.app.public_url.partition("://")[2].partition("/")[0].partition(":")[0] or "medkabinet.invalid"


def _organizer(call: Call) -> str:
    return f"noreply@{_host(call)}"
