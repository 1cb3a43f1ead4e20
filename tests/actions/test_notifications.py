"""Notifications: from the log to people, once; by the ways they chose; and how each message went."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from actions.notifying import Follower
from actions.sending import Outbox
from domain.codes import Channel
from domain.events import Event, EventKind
from domain.notifications import Settings, Topic
from persistence import accounts, appointments, notifications
from tests.actions.test_appointments import BOOK, CANCEL, book
from tests.house import Account
from tests.subscriptions.test_positions import numbered

pytestmark = pytest.mark.anyio
LIST = """{ viewer { notifications { nodes { id topic kind readAt words wordsEnglish patient { familyName }
  deliveries { channel state receipt skipped attempts { receipt error } } } } } }"""
LIVE = "subscription { notificationArrived { kind notification { topic subjectId } } }"
MARK = """mutation($ids: [ID!]) { markNotificationsRead(input: {ids: $ids}) {
  settings { unread unreadByTopic { topic count } } errors { code path } } }"""
CHOOSE = """mutation($i: ChangeNotificationSettingsInput!) { changeNotificationSettings(input: $i) {
  settings { zone reminders quietHours { begin end } choices { topic channel on locked heedsQuietHours } } errors { code path } } }"""
SETTINGS = "{ notificationSettings { zone reminders quietHours { begin end } unread } }"
LEDGER = "{ deliveries { nodes { channel state receipt attempts { error } } } }"
DAY = timedelta(days=1)


@pytest.fixture
async def quiet(account: Account) -> Account:
    """The product whose background work runs when a test says so, and whose accounts have phones and addresses."""
    await account.house.follower.stop()
    await account.house.tasks.stop()
    return account


async def settle(account: Account) -> None:
    for _ in range(2):
        await numbered(account)
        await account.house.follower.settle()
        await account.house.tasks.settle()


async def notes(account: Account, who: str = "anna") -> list[dict]:
    return (await account.run(LIST, who))["viewer"]["notifications"]["nodes"]


def outbox(account: Account) -> Outbox:
    assert isinstance(account.app.sender, Outbox)
    return account.app.sender


def ahead(account: Account, by: timedelta) -> None:
    """Let the clock of the store show a later time; sessions of before are over then."""
    now = account.store.clock
    account.store.clock = lambda: now() + by
    account._tokens.clear()


async def reach(account: Account, who: str) -> None:
    """Give an account a phone and an address."""
    async with account.store.begin() as tx:
        found = await accounts.opened(tx, account.world.accounts[who])
        assert found is not None
        await accounts.change(tx, *found, phone="+79161234567", email="anna@example.org")
    await account.house.follower.settle()


async def test_a_visit_is_told_once_in_the_account_and_by_letter(quiet: Account) -> None:
    await reach(quiet, "anna")
    await settle(quiet)
    before = len(outbox(quiet).shown())
    await book(quiet)
    await settle(quiet)
    await settle(quiet)
    told, *_ = await notes(quiet)
    assert {name: told[name] for name in ("topic", "kind", "readAt", "words", "wordsEnglish", "patient")} == {
        "topic": "APPOINTMENTS",
        "kind": "APPOINTMENT_CHANGED",
        "readAt": None,
        "words": "Медкабинет: в кабинете есть новое сообщение.",
        "wordsEnglish": "Medkabinet: there is something new to read in your account.",
        "patient": {"familyName": "Смирнова"},
    }
    (delivery,) = told["deliveries"]
    assert (delivery["channel"], delivery["state"], delivery["skipped"]) == ("EMAIL", "SENT", None)
    assert delivery["attempts"] == [{"receipt": delivery["receipt"], "error": None}]
    (shown,) = outbox(quiet).shown()[: len(outbox(quiet).shown()) - before]
    assert (shown.channel, shown.to, shown.text) == (
        Channel.EMAIL,
        "anna@example.org",
        "Медкабинет: в кабинете есть новое сообщение.",
    )
    assert await notes(quiet, "boris") == []


async def test_it_is_on_the_screen_at_once(account: Account) -> None:
    async with account.watching(LIVE) as screen:
        booked = await book(account)
        event = await screen.next()
    assert event["notificationArrived"] == {
        "kind": "NOTIFICATION_ARRIVED",
        "notification": {"topic": "APPOINTMENTS", "subjectId": booked["appointment"]["id"]},
    }


async def test_another_hears_nothing_of_it(account: Account) -> None:
    async with account.watching(LIVE, "boris") as screen, account.watching(LIVE) as own:
        await book(account)
        await own.next()
        with pytest.raises(TimeoutError):
            await screen.next(0.3)


async def test_a_representative_is_told_within_the_scope(quiet: Account) -> None:
    given = {"s": quiet.world.node("Slot", "doctor_slot_1"), "p": quiet.world.patient("child")}
    await quiet.run(BOOK, "anna", **given)
    await settle(quiet)
    assert [note["topic"] for note in await notes(quiet)] == ["APPOINTMENTS"]


async def test_two_processes_tell_once(quiet: Account) -> None:
    await book(quiet)
    await numbered(quiet)
    await asyncio.gather(*(Follower(quiet.app).settle() for _ in range(4)))
    assert [note["kind"] for note in await notes(quiet)] == ["APPOINTMENT_CHANGED"]


async def test_processes_that_start_first_at_once_begin_once(quiet: Account) -> None:
    async with quiet.store.begin() as tx:
        await tx.connection.execute("delete from counter where name = 'notified'", [])
    others = [Follower(quiet.app) for _ in range(4)]
    await asyncio.gather(*(other.start() for other in others))
    await asyncio.gather(*(other.stop() for other in others))
    await book(quiet)
    await settle(quiet)
    assert [note["kind"] for note in await notes(quiet)] == ["APPOINTMENT_CHANGED"]


async def test_a_process_that_dies_midway_loses_and_repeats_nothing(quiet: Account) -> None:
    await book(quiet)
    await numbered(quiet)
    advance = notifications.advance

    async def dies(*given: object) -> bool:
        await advance(*given)  # type: ignore[arg-type]
        raise ConnectionError

    notifications.advance = dies  # type: ignore[assignment]
    try:
        with pytest.raises(ConnectionError):
            await Follower(quiet.app).settle()
    finally:
        notifications.advance = advance
    assert await notes(quiet) == []
    await Follower(quiet.app).settle()
    assert len(await notes(quiet)) == 1


async def test_read_is_counted_and_stops_what_has_not_gone_out(quiet: Account) -> None:
    await reach(quiet, "anna")
    await book(quiet)
    await numbered(quiet)
    await quiet.house.follower.settle()
    first, *_ = await notes(quiet)
    marked = (await quiet.run(MARK, ids=[first["id"]]))["markNotificationsRead"]
    assert marked == {"settings": {"unread": 1, "unreadByTopic": [{"topic": "SECURITY", "count": 1}]}, "errors": []}
    await settle(quiet)
    first, *_ = await notes(quiet)
    assert [(d["state"], d["skipped"]) for d in first["deliveries"]] == [("SKIPPED", "READ")]
    assert (await quiet.run(MARK))["markNotificationsRead"]["settings"]["unread"] == 0


async def test_nobody_marks_anothers_read(quiet: Account) -> None:
    await book(quiet)
    await settle(quiet)
    (mine,) = await notes(quiet)
    refused = (await quiet.run(MARK, "boris", ids=[mine["id"]]))["markNotificationsRead"]
    assert refused == {"settings": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "ids"]}]}
    assert (await notes(quiet))[0]["readAt"] is None


class Dead:
    """A carrier whose texts go nowhere."""

    def __init__(self, instead: Outbox) -> None:
        self.instead = instead

    def reaches(self, channel: Channel) -> bool:
        return True

    async def send(self, channel: Channel, to: str, text: str, key: str = "") -> str:
        if channel is Channel.SMS:
            raise ConnectionError(to)
        return await self.instead.send(channel, to, text, key)


async def test_a_dead_carrier_delays_only_its_own_way_and_is_tried_again(quiet: Account) -> None:
    await reach(quiet, "anna")
    await quiet.run(CHOOSE, i={"choices": [{"topic": "APPOINTMENTS", "channel": "SMS", "on": True}]})
    object.__setattr__(quiet.app, "sender", Dead(outbox(quiet)))
    await book(quiet)
    await settle(quiet)
    note = (await notes(quiet))[0]
    assert {d["channel"]: d["state"] for d in note["deliveries"]} == {"SMS": "WAITING", "EMAIL": "SENT"}
    object.__setattr__(quiet.app, "sender", quiet.app.sender.instead)  # type: ignore[attr-defined]
    ahead(quiet, timedelta(seconds=6))
    await settle(quiet)
    (sms,) = [d for d in (await notes(quiet))[0]["deliveries"] if d["channel"] == "SMS"]
    assert (sms["state"], [a["error"] for a in sms["attempts"]]) == ("SENT", ["ConnectionError", None])
    ledger = (await quiet.run(LEDGER, "support"))["deliveries"]["nodes"]
    tries = [{"error": "ConnectionError"}, {"error": None}]
    told = {"channel": "SMS", "state": "SENT", "receipt": sms["receipt"], "attempts": tries}
    assert [one for one in ledger if one["channel"] == "SMS"] == [told]


async def test_a_carrier_that_stays_dead_is_given_up(quiet: Account) -> None:
    await reach(quiet, "anna")
    await quiet.run(CHOOSE, i={"choices": [{"topic": "APPOINTMENTS", "channel": "SMS", "on": True}]})
    object.__setattr__(quiet.app, "sender", Dead(outbox(quiet)))
    await book(quiet)
    for _ in range(14):
        await settle(quiet)
        ahead(quiet, timedelta(hours=12))
    (sms,) = [
        d for n in await notes(quiet) if n["topic"] == "APPOINTMENTS" for d in n["deliveries"] if d["channel"] == "SMS"
    ]
    assert (sms["state"], len(sms["attempts"])) == ("FAILED", 14)


async def test_what_is_chosen_is_kept_and_the_rest_stays(quiet: Account) -> None:
    given = {"zone": "Asia/Vladivostok", "quietHours": {"begin": "22:00", "end": "08:00"}, "reminders": [60, 1440, 60]}
    done = (await quiet.run(CHOOSE, i=given))["changeNotificationSettings"]
    assert done["errors"] == []
    await quiet.run(CHOOSE, i={"choices": [{"topic": "RESULTS", "channel": "EMAIL", "on": False}]})
    kept = (await quiet.run(SETTINGS))["notificationSettings"]
    assert kept == {
        "zone": "Asia/Vladivostok",
        "reminders": [1440, 60],
        "quietHours": {"begin": "22:00", "end": "08:00"},
        "unread": 0,
    }
    assert (await quiet.run(SETTINGS, "boris"))["notificationSettings"]["zone"] == "Europe/Moscow"


async def test_security_by_letter_is_locked_and_says_so(quiet: Account) -> None:
    off = {"choices": [{"topic": "SECURITY", "channel": "EMAIL", "on": False}]}
    refused = (await quiet.run(CHOOSE, i=off))["changeNotificationSettings"]
    assert refused == {"settings": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "choices"]}]}
    done = (await quiet.run(CHOOSE, i={"zone": "Europe/Samara"}))["changeNotificationSettings"]["settings"]
    locked = [(c["topic"], c["channel"], c["heedsQuietHours"]) for c in done["choices"] if c["locked"]]
    assert locked == [("SECURITY", "EMAIL", False)]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"zone": "Moscow"}, "zone"),
        ({"zone": "../etc"}, "zone"),
        ({"quietHours": {"begin": "25:00", "end": "08:00"}}, "quietHours"),
        ({"quietHours": {"begin": "08:00", "end": "08:00"}}, "quietHours"),
        ({"reminders": [0]}, "reminders"),
        ({"reminders": [1, 2, 3, 4, 5, 6]}, "reminders"),
    ],
)
async def test_a_choice_that_is_none_changes_nothing(quiet: Account, given: dict, field: str) -> None:
    before = await quiet.run(SETTINGS)
    refused = (await quiet.run(CHOOSE, i=given))["changeNotificationSettings"]
    assert refused == {"settings": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", field]}]}
    assert await quiet.run(SETTINGS) == before


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-24T12:00", None),  # 22:00 in Vladivostok: quiet until 08:00 of the 25th there
        ("2026-11-24T11:59", "now"),
        ("2026-11-24T21:59", "2026-11-24T22:00"),
        ("2026-11-24T22:00", "now"),
    ],
)
def test_quiet_hours_are_by_the_persons_clock(at: str, until: str | None) -> None:
    chosen = Settings("Asia/Vladivostok", 22 * 60, 8 * 60)
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    wanted = now if until == "now" else datetime.fromisoformat(until or "2026-11-24T22:00").replace(tzinfo=UTC)
    assert chosen.not_before(Topic.RESULTS, now) == wanted
    assert chosen.not_before(Topic.SECURITY, now) == now


def test_quiet_hours_end_by_the_clock_on_the_night_when_it_is_turned() -> None:
    chosen = Settings("Europe/Berlin", 22 * 60, 8 * 60)
    assert chosen.not_before(Topic.RESULTS, datetime(2026, 10, 24, 21, tzinfo=UTC)) == datetime(
        2026, 10, 25, 7, tzinfo=UTC
    )


async def reminders(account: Account) -> int:
    await settle(account)
    return sum(note["topic"] == "REMINDERS" for note in await notes(account))


async def test_reminders_come_at_their_times_and_once(quiet: Account) -> None:
    await quiet.run(CHOOSE, i={"reminders": [180, 60]})
    await book(quiet)
    assert await reminders(quiet) == 0
    ahead(quiet, DAY - timedelta(minutes=181))
    assert await reminders(quiet) == 0
    ahead(quiet, timedelta(minutes=2))
    assert await reminders(quiet) == 1
    ahead(quiet, timedelta(minutes=130))
    assert await reminders(quiet) == 2
    ahead(quiet, timedelta(hours=3))
    assert await reminders(quiet) == 2


async def test_a_cancelled_visit_is_not_reminded_of(quiet: Account) -> None:
    await quiet.run(CHOOSE, i={"reminders": [60]})
    booked = await book(quiet)
    await settle(quiet)
    await quiet.run(CANCEL, a=booked["appointment"]["id"])
    ahead(quiet, DAY - timedelta(minutes=30))
    assert await reminders(quiet) == 0


async def test_a_moved_visit_is_reminded_of_by_its_new_time(quiet: Account) -> None:
    await quiet.run(CHOOSE, i={"reminders": [60]})
    await book(quiet)
    await settle(quiet)
    async with quiet.store.begin() as tx:
        patient = quiet.world.ids["anna"]
        (visit,) = await appointments.ahead(tx, patient)
        await tx.connection.execute(f"update appointment set starts_at = starts_at + {3600 * 10**6}", ())
        tx.emit(Event(EventKind.APPOINTMENT_CHANGED, visit.id, patient_id=patient))
    await settle(quiet)
    ahead(quiet, DAY - timedelta(minutes=30))
    assert await reminders(quiet) == 0
    ahead(quiet, timedelta(minutes=35))
    assert await reminders(quiet) == 1


async def test_reminders_that_are_chosen_later_count(quiet: Account) -> None:
    await quiet.run(CHOOSE, i={"reminders": []})
    await book(quiet)
    await settle(quiet)
    await quiet.run(CHOOSE, i={"reminders": [30]})
    await settle(quiet)
    ahead(quiet, DAY - timedelta(minutes=29))
    assert await reminders(quiet) == 1
