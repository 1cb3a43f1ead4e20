"""A request's context: who asks, a database session, a DataLoader a kind of row."""

import asyncio
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from bench.peers.plain_strawberry.tables import Account, Analyte, Base, Organization, Practitioner, Session, Specialty

T = TypeVar("T")
REMEMBERED: Final = 30.0
_known: dict[str, tuple[float, "Viewer"]] = {}


class Viewer(NamedTuple):
    """Who asks."""

    account_id: int
    patient_id: int


class Context:
    """What the resolvers of one request share."""

    def __init__(self, session: AsyncSession, viewer: Viewer) -> None:
        self.session = session
        self.viewer = viewer
        self._one_at_a_time = asyncio.Lock()
        self.practitioners = self._loader(Practitioner, Practitioner.id)
        self.specialties = self._loader(Specialty, Specialty.id)
        self.organizations = self._loader(Organization, Organization.id)
        self.analytes = self._loader(Analyte, Analyte.code)

    async def rows(self, statement: Select[T]) -> Sequence[T]:
        """Return rows as objects; a session serves one coroutine at a time."""
        async with self._one_at_a_time:
            return (await self.session.scalars(statement)).all()

    def _loader(self, table: type[Base], key: Any) -> DataLoader[Any, Any]:
        async def load(keys: list[Any]) -> list[Any]:
            found = {getattr(row, key.key): row for row in await self.rows(select(table).where(key.in_(keys)))}
            return [found.get(one) for one in keys]

        return DataLoader(load)


Asked = Info[Context, None]


async def viewer_of(session: AsyncSession, token: str) -> Viewer:
    """Return whom a token stands for, remembered for half a minute.

    Raises:
        PermissionError: for nobody.
    """
    known = _known.get(token)
    if known and known[0] > time.monotonic():
        return known[1]
    asked = select(Account.id, Account.patient_id).join(Session, Session.account_id == Account.id)
    row = (await session.execute(asked.where(Session.token_hash == sha256(token.encode()).digest()))).first()
    if row is None:
        raise PermissionError("not signed in")
    viewer = Viewer(row.id, row.patient_id)
    _known[token] = time.monotonic() + REMEMBERED, viewer
    return viewer
