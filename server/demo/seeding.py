"""Fills an empty database with the demonstration."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from actions.app import App
from persistence.store import Store
from server.demo.founding import admit, extend_timetable, found
from server.demo.history import YEARS, History
from server.demo.people import PASSWORD, PERSONAS

BEFORE: Final = timedelta(days=30)
MANY: Final = 5_000
"""Ids of two weeks' timetables."""


async def seed(app: App) -> None:
    """Found the places, live three years, and open the last account: it shows that nothing is missing."""
    beginning = app.store.clock() - YEARS - BEFORE
    past = replace(app, store=Store(app.store.driver, app.store.keys, lambda: beginning))
    hashed = await app.passwords.hash(PASSWORD)
    async with past.store.begin() as tx:
        cast = await found(tx, hashed)
    await refresh(app)
    await History(app, cast).live()
    async with app.store.begin() as tx:
        await admit(tx, cast, PERSONAS[-1], hashed)


async def refresh(app: App) -> None:
    """Keep free times ahead of a demonstration that is started again weeks later."""
    async with app.store.begin(ids=MANY) as tx:
        await extend_timetable(tx)
