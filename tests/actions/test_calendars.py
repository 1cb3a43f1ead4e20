"""Calendars, read by a parser that isn't ours: feeds by a secret address, a visit's file, a doctor's busy times."""

from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from starlette.applications import Starlette

from domain.calendars import Visit, calendar
from persistence.columns import from_micros
from tests.actions.test_appointments import CANCEL, book
from tests.house import Account
from web.door import WebSettings
from web.pages import routes

pytestmark = pytest.mark.anyio
CREATE = "mutation($d: CalendarDetail!) { createCalendarFeed(input: {detail: $d}) { path errors { code } } }"
REVOKE = "mutation($f: ID!) { revokeCalendarFeed(input: {feedId: $f}) { feed { detail revokedAt } errors { code } } }"
FEEDS = "{ viewer { calendarFeeds { nodes { id detail revokedAt } } } }"
FILE = "{ viewer { patient { appointments { nodes { calendarFile status } } } } }"


async def opened(account: Account, detail: str = "TIME", who: str = "anna") -> str:
    done = (await account.run(CREATE, who, d=detail))["createCalendarFeed"]
    assert done["errors"] == []
    return str(done["path"])


async def fetched(account: Account, path: str, who: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {await account.token(who)}"} if who else {}
    application = Starlette(routes=routes(account.app, WebSettings()))
    async with AsyncClient(transport=ASGITransport(application), base_url="http://house") as client:
        return await client.get(path, headers=headers)


async def events(account: Account, path: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a feed's method and events, as the parser reads them."""
    answer = await fetched(account, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    return parsed(answer.content)


def parsed(content: bytes) -> tuple[str, list[dict[str, Any]]]:
    read = Calendar.from_ical(content)
    names = ("UID", "SEQUENCE", "STATUS", "SUMMARY", "LOCATION")
    return str(read["METHOD"]), [
        {name: str(event[name]) for name in names if name in event} | {"at": event.decoded("DTSTART")}
        for event in read.walk("VEVENT")
    ]


async def test_a_feed_shows_no_more_than_was_chosen(account: Account) -> None:
    await book(account, r="Жалобы на сердце")
    shown = {}
    for detail in ("TIME", "PLACE", "DOCTOR"):
        path = await opened(account, detail)
        _, (event,) = await events(account, path)
        shown[detail] = (event["SUMMARY"], event.get("LOCATION"))
        assert "сердце" not in (await fetched(account, path)).text
    assert shown == {
        "TIME": ("Медкабинет", None),
        "PLACE": ("Визит", "clinic of tests, Москва"),
        "DOCTOR": ("Визит: Врач doctor", "clinic of tests, Москва"),
    }


async def test_a_cancelled_visit_is_the_same_event_cancelled(account: Account) -> None:
    path = await opened(account)
    booked = await book(account)
    method, (before,) = await events(account, path)
    await account.run(CANCEL, a=booked["appointment"]["id"])
    _, (after,) = await events(account, path)
    assert (method, before["STATUS"], before["SEQUENCE"]) == ("PUBLISH", "CONFIRMED", "0")
    assert after == before | {"STATUS": "CANCELLED", "SEQUENCE": "1"}


async def test_a_closed_feed_opens_nothing(account: Account) -> None:
    path = await opened(account)
    (feed,) = (await account.run(FEEDS))["viewer"]["calendarFeeds"]["nodes"]
    refused = (await account.run(REVOKE, "boris", f=feed["id"]))["revokeCalendarFeed"]
    assert refused == {"feed": None, "errors": [{"code": "NOT_FOUND"}]}
    assert (await fetched(account, path)).status_code == 200
    assert (await account.run(REVOKE, f=feed["id"]))["revokeCalendarFeed"]["errors"] == []
    assert (await fetched(account, path)).status_code == 404


async def test_a_secret_is_not_in_the_database(account: Account) -> None:
    path = await opened(account)
    async with account.store.begin() as tx:
        rows = await tx.connection.fetch("select * from calendar_feed", ())
    assert path.split("/")[-1].removesuffix(".ics") not in str([tuple(row) for row in rows])


@pytest.mark.parametrize("path", ["/calendars/mk_nothing.ics", "/calendars/%D0%B0.ics"])
async def test_an_address_that_is_none_is_not_there(account: Account, path: str) -> None:
    assert (await fetched(account, path)).status_code == 404


async def test_reading_a_feed_is_recorded(account: Account) -> None:
    await book(account)
    await events(account, await opened(account))
    async with account.store.begin() as tx:
        rows = await tx.connection.fetch("select patient_id from audit_entry where action = 'calendar:read'", ())
    assert [row[0] for row in rows if row[0] == account.world.ids["anna"]] == [account.world.ids["anna"]]


async def test_a_visits_file_is_for_whoever_may_see_the_visit(account: Account) -> None:
    booked = await book(account)
    (visit,) = (await account.run(FILE))["viewer"]["patient"]["appointments"]["nodes"]
    answer = await fetched(account, visit["calendarFile"], "anna")
    method, (event,) = parsed(answer.content)
    assert (method, event["STATUS"], event["SUMMARY"]) == ("PUBLISH", "CONFIRMED", "Визит: Врач doctor")
    await account.run(CANCEL, a=booked["appointment"]["id"])
    method, (event,) = parsed((await fetched(account, visit["calendarFile"], "anna")).content)
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", "1")
    statuses = [(await fetched(account, visit["calendarFile"], who)).status_code for who in (None, "boris", "support")]
    assert statuses == [401, 404, 404]


async def test_busy_times_say_nothing_of_whom(account: Account) -> None:
    await book(account)
    path = f"/calendars/busy/{account.world.ids['doctor']}.ics"
    assert (await fetched(account, path)).status_code == 401
    answer = await fetched(account, path, "insurer")
    (component,) = Calendar.from_ical(answer.content).walk("VFREEBUSY")
    async with account.store.begin() as tx:
        slot = account.world.ids["doctor_slot_0"]
        ((starts, ends),) = await tx.connection.fetch(f"select starts_at, ends_at from slot where id = {slot}", ())
    busy = component["FREEBUSY"]
    (period,) = (busy if isinstance(busy, list) else [busy])[0:1]
    wanted = f"{from_micros(starts):%Y%m%dT%H%M%SZ}/{from_micros(ends):%Y%m%dT%H%M%SZ}"
    assert period.to_ical().decode() == wanted
    assert "Смирнова" not in answer.text


@given(st.text(max_size=300))
def test_any_name_is_one_value(name: str) -> None:
    at = from_micros(1_764_000_000_000_000)
    text = calendar([Visit("visit-1@x", 0, at, at, False, name, name)], at, "noreply@x.example", "Медкабинет")
    assert all(len(line) <= 75 for line in text.encode("utf-8", "surrogatepass").split(b"\r\n"))
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert str(event["UID"]) == "visit-1@x"
    assert len(Calendar.from_ical(text).walk()) == 2
