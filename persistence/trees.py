"""The Merkle tree over the audit log's leaves, and its proofs.

Leaves are kept one a row; of the levels above, only each eighth (a tile of 256), as C2SP tlog-tiles does: what lies
between is hashed again where a proof needs it.
"""

from typing import ClassVar, Final

from sqlalchemy import BigInteger, Index, LargeBinary, bindparam, select
from sqlmodel import Field, SQLModel

from domain import merkle
from persistence.columns import BigInt
from persistence.statements import Statement
from persistence.store import Snapshot

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT


class LeafRow(SQLModel, table=True):
    """An entry's place in the log and its hash; for an entry about a patient, its place in the patient's chain."""

    __tablename__ = "audit_leaf"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("audit_leaf_patient", "patient_id", "patient_number", unique=True),
    )

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    entry_id: int = BigInt(nullable=False, unique=True)
    hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    patient_id: int | None = BigInt(nullable=True, default=None)
    patient_number: int | None = BigInt(nullable=True, default=None)


class TileRow(SQLModel, table=True):
    """The root of 256 leaves (level 1), or of 256 such roots (level 2), and so on."""

    __tablename__ = "audit_tile"

    level: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: bytes = Field(sa_type=LargeBinary, nullable=False)


_LEAF: Final = LeafRow.__table__  # type: ignore[attr-defined]
_TILE: Final = TileRow.__table__  # type: ignore[attr-defined]
_LEAVES = Statement(
    select(_LEAF.c.number, _LEAF.c.hash)
    .where(_LEAF.c.number >= bindparam("first"), _LEAF.c.number < bindparam("end"))
    .order_by(_LEAF.c.number)
)
_TILES = Statement(
    select(_TILE.c.number, _TILE.c.hash)
    .where(_TILE.c.level == bindparam("level"), _TILE.c.number >= bindparam("first"), _TILE.c.number < bindparam("end"))
    .order_by(_TILE.c.number)
)


async def hashes(snapshot: Snapshot, level: int, first: int, end: int) -> list[bytes]:
    """Return the hashes of a level: 0 the leaves, 1 the tiles over 256 of them, and so on."""
    if level == 0:
        return [row.hash for row in await snapshot.all(_LEAVES, first=first, end=end)]
    return [row.hash for row in await snapshot.all(_TILES, level=level, first=first, end=end)]


class Tree:
    """The tree of one size, as one snapshot shows it."""

    def __init__(self, snapshot: Snapshot, size: int) -> None:
        self._snapshot = snapshot
        self.size = size
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    async def root(self) -> bytes:
        """Return the root."""
        return await self._over(0, self.size) if self.size else merkle.EMPTY

    async def inclusion(self, number: int) -> list[bytes]:
        """Return the proof that a leaf is in the tree (RFC 6962, section 2.1.1)."""
        first, end, proof = 0, self.size, []
        while end - first > 1:
            middle = first + merkle.split(end - first)
            left = number < middle
            proof.append(await (self._over(middle, end) if left else self._over(first, middle)))
            first, end = (first, middle) if left else (middle, end)
        return proof[::-1]

    async def consistency(self, older: int) -> list[bytes]:
        """Return the proof that the tree begins with its older self (RFC 6962, section 2.1.2)."""
        if not 0 < older < self.size:
            return []
        first, end, proof, whole = 0, self.size, [], True
        while older != end:
            middle = first + merkle.split(end - first)
            if older <= middle:
                proof.append(await self._over(middle, end))
                end = middle
            else:
                proof.append(await self._over(first, middle))
                first, whole = middle, False
        return (proof if whole else [*proof, await self._over(first, end)])[::-1]

    async def _over(self, first: int, end: int) -> bytes:
        """Return the root over leaves `first` to `end`; they begin where a subtree of that size can."""
        count = end - first
        if count <= WIDTH:
            return merkle.root(await self._part(0, first, end))
        middle = first + merkle.split(count)
        if middle - first == count // 2 and count & (count - 1) == 0:
            level = (count.bit_length() - 1) // HEIGHT
            return merkle.root(await self._part(level, first >> (HEIGHT * level), end >> (HEIGHT * level)))
        return merkle.node_hash(await self._over(first, middle), await self._over(middle, end))

    async def _part(self, level: int, first: int, end: int) -> list[bytes]:
        """Return hashes that lie in one tile, read once."""
        tile = first >> HEIGHT
        if (level, tile) not in self._kept:
            start = tile << HEIGHT
            most = min(start + WIDTH, self.size >> (HEIGHT * level))
            self._kept[level, tile] = await hashes(self._snapshot, level, start, most)
        start = tile << HEIGHT
        return self._kept[level, tile][first - start : end - start]
