"""How a stream ends, by our helpers: a gap is told and gone on from, what is final has a code."""

import asyncio
from contextlib import aclosing

import pytest

from medkabinet_client import Medkabinet, StreamEnded
from persistence import events
from tests.clients.followers import CHANGED, FOLLOWERS, WAITS, Follower
from tests.stories.conftest import Place
from tests.stories.test_booking import BOOK, CANCEL

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]  # the first of them installs Node's packages
every_helper = pytest.mark.parametrize("follow", FOLLOWERS.values(), ids=FOLLOWERS)


async def act(place: Place, token: str, number: int = 0) -> None:
    """Book a visit and cancel it: two events."""
    given = {"s": place.world.node("Slot", f"doctor_slot_{number}"), "p": place.world.patient("anna")}
    booked = (await place.ask(BOOK, token, **given))["bookAppointment"]
    await place.ask(CANCEL, token, a=booked["appointment"]["id"])


async def forget(place: Place) -> None:
    """Let the log keep nothing of what has happened but the last event."""
    async with place.house.app.store.begin() as tx:
        await tx.connection.execute("delete from event where position < (select max(position) from event)", ())


async def streams(place: Place, count: int) -> None:
    """Wait until so many streams are open at the server."""
    async with asyncio.timeout(60):
        while place.house.hub.open_streams != count:  # noqa: ASYNC110 - another process's line
            await asyncio.sleep(0.005)


async def flood(place: Place, count: int) -> None:
    """Say again, that many times, that the last event's visit has changed."""
    async with place.house.app.store.snapshot() as snapshot:
        last = [one.event for one in await events.after(snapshot, 0, 1000) if one.event.kind == "APPOINTMENT_CHANGED"][
            -1
        ]
    for _ in range(count // 100):
        async with place.house.app.store.begin(ids=200) as tx:
            for _ in range(100):
                tx.emit(last)


@every_helper
async def test_a_gap_is_told_and_the_stream_goes_on_from_what_was_loaded_anew(place: Place, follow: Follower) -> None:
    anna = await place.token("anna")
    await act(place, anna)
    await forget(place)
    async with follow(f"{place.url}/graphql", "1", anna, reloads=True) as seen:
        await seen.reach(1)
        await act(place, anna)
        await seen.reach(3)
    assert seen[0] == "reloaded"
    assert len(set(seen)) == 3


@every_helper
async def test_a_gap_that_nobody_reloads_ends_the_stream(place: Place, follow: Follower) -> None:
    anna = await place.token("anna")
    await act(place, anna)
    await forget(place)
    async with follow(f"{place.url}/graphql", "1", anna) as seen:
        await seen.reach(1)
    assert seen == ["StreamEnded STREAM_GAP"]


@every_helper
async def test_a_session_that_ends_ends_the_stream(place: Place, follow: Follower) -> None:
    anna, doctor = await place.token("anna"), await place.token("doctor")
    before = (await place.ask("{ asOf }"))["asOf"]
    async with follow(f"{place.url}/graphql", before, doctor) as seen:
        await act(place, anna)
        await seen.reach(2)
        await place.ask("mutation { signOut { errors { code } } }", doctor)
        await seen.reach(3)
    assert seen[2] == "StreamEnded SESSION_ENDED"


@every_helper
async def test_who_is_not_signed_in_is_not_let_in_again_and_again(place: Place, follow: Follower) -> None:
    async with follow(f"{place.url}/graphql", "0", "nobody") as seen:
        await seen.reach(1)
    assert seen[0] in ("StreamEnded SESSION_ENDED", "StreamEnded NOT_SIGNED_IN")  # the socket's word, the stream's


@every_helper
async def test_without_a_cursor_it_begins_with_the_present(place: Place, follow: Follower) -> None:
    anna = await place.token("anna")
    await act(place, anna)
    async with follow(f"{place.url}/graphql", "", anna) as seen:
        await streams(place, 1)
        await act(place, anna, 1)
        await seen.reach(2)
    assert len(seen) == 2


@pytest.mark.parametrize("follow", [FOLLOWERS["python"], FOLLOWERS["typescript"]], ids=["python", "typescript"])
async def test_a_consumer_who_falls_far_behind_gets_everything_in_order(place: Place, follow: Follower) -> None:
    anna = await place.token("anna")
    before = (await place.ask("{ asOf }"))["asOf"]
    await act(place, anna)
    await flood(place, 1500)
    async with follow(f"{place.url}/graphql", before, anna, dwells=True) as seen:
        await streams(place, 1)
        await streams(place, 0)  # the helper has cut itself off, its consumer still holds the first event
        assert seen == []
        seen.go()
        await seen.reach(1502)
    positions = [int(cursor.partition(".")[0]) for cursor in seen]
    assert positions == sorted(set(positions))


async def test_after_signing_in_again_it_goes_on_from_the_cursor_of_the_end(place: Place) -> None:
    anna, tokens = await place.token("anna"), [await place.token("doctor")]
    before = (await place.ask("{ asOf }"))["asOf"]
    await act(place, anna)
    async with Medkabinet(f"{place.url}/graphql", lambda: tokens[-1], WAITS) as account:
        seen: list[str] = []

        async def following() -> None:
            async for happened in account.follow(CHANGED, after=before):
                seen.append(happened.cursor)
                if len(seen) == 2:
                    await place.ask("mutation { signOut { errors { code } } }", tokens[-1])

        with pytest.raises(StreamEnded) as ended:
            await following()
        assert (ended.value.code, ended.value.cursor) == ("SESSION_ENDED", seen[-1])
        tokens.append(await place.token("doctor"))
        await act(place, anna)
        async with aclosing(account.follow(CHANGED, after=ended.value.cursor)) as again:
            seen += [(await anext(again)).cursor, (await anext(again)).cursor]
    assert len(set(seen)) == 4


async def test_what_a_stream_cannot_do_without_is_said_at_once(place: Place) -> None:
    anna = await place.token("anna")
    await act(place, anna)
    async with Medkabinet(f"{place.url}/graphql", lambda: anna, WAITS) as account:
        with pytest.raises(ValueError, match="must take \\$after"):
            await anext(account.follow("subscription { appointmentChanged { cursor } }"))
        bare = "subscription($after: String) { appointmentChanged(after: $after) { appointment { id } } }"
        with pytest.raises(ValueError, match="must select `cursor`"):
            await anext(account.follow(bare, after="0"))
