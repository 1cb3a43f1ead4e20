"""Practitioners and organizations of another record system, by the names that it has for them."""

from actions.importing.tally import Change, Tally
from domain.record import BundleSent, Link, OrganizationSent, PractitionerSent
from persistence import imported, organizations, practitioners
from persistence.imported import SourceRow
from persistence.organizations import OrganizationRow
from persistence.practitioners import PractitionerRow
from persistence.statements import Record
from persistence.store import Transaction


class Directory:
    """What a partner's names lead to, in one transaction."""

    def __init__(self, tx: Transaction, partner_id: int, tally: Tally) -> None:
        self.partner_id = partner_id
        self._tx = tx
        self._tally = tally
        self._known: dict[str, int | None] = {}

    async def file(self, bundle: BundleSent) -> None:
        """Enter or correct the bundle's organizations and practitioners."""
        for organization in bundle.organizations:
            self._tally.note(organization, await self._organization(organization))
        for practitioner in bundle.practitioners:
            self._tally.note(practitioner, await self._practitioner(practitioner))

    async def row_of(self, link: Link) -> int | None:
        """Return the row that a reference leads to, by the first of its names that is known."""
        for source in link.sources:
            found = await self._id(source)
            if found is not None:
                return found
        return None

    async def _organization(self, sent: OrganizationSent) -> Change:
        row_id = await self._id(sent.source)
        row = await organizations.by_id(self._tx, row_id) if row_id else await self._namesake(sent)
        if row is None:
            new = OrganizationRow(
                id=self._tx.new_id(),
                kind="CLINIC",
                name=sent.name,
                city=sent.city,
                address=sent.address,
                phone=sent.phone,
                source_hash=await self._hash(sent.source),
            )
            await self._tx.insert(new)
            await self._name(sent, new.id)
            return Change.CREATED
        await self._name(sent, row.id)
        wanted = {"name": sent.name, "city": sent.city, "address": sent.address, "phone": sent.phone}
        if all(getattr(row, name) == value for name, value in wanted.items()):
            return Change.UNCHANGED
        await organizations.correct(
            self._tx, row.id, name=sent.name, city=sent.city, address=sent.address, phone=sent.phone
        )
        return Change.CHANGED

    async def _practitioner(self, sent: PractitionerSent) -> Change:
        row_id = await self._id(sent.source)
        row = await practitioners.by_id(self._tx, row_id) if row_id else await self._namesake(sent)
        if row is None:
            new = PractitionerRow(id=self._tx.new_id(), name=sent.name, source_hash=await self._hash(sent.source))
            await self._tx.insert(new)
            await self._name(sent, new.id)
            return Change.CREATED
        await self._name(sent, row.id)
        if row.name == sent.name:
            return Change.UNCHANGED
        await practitioners.rename(self._tx, row.id, sent.name)
        return Change.CHANGED

    async def _namesake(self, sent: OrganizationSent | PractitionerSent) -> Record | None:
        """Return the one with the same number and the same name; a number alone may have been given out twice."""
        load = organizations.by_id if isinstance(sent, OrganizationSent) else practitioners.by_id
        for alias in sent.aliases:
            row_id = await self._id(alias)
            row = await load(self._tx, row_id) if row_id else None
            if row is not None and row.name == sent.name:
                return row
        return None

    async def _name(self, sent: OrganizationSent | PractitionerSent, row_id: int) -> None:
        """Note the names that lead to a row, but for those that lead elsewhere."""
        for source in (sent.source, *sent.aliases):
            if await self._id(source) is None:
                await self._tx.insert(SourceRow(source_hash=await self._hash(source), row_id=row_id))
                self._known[source] = row_id

    async def _id(self, source: str) -> int | None:
        if source not in self._known:
            found = await imported.find(self._tx, await self._hash(source))
            self._known[source] = found.row_id if found else None
        return self._known[source]

    async def _hash(self, source: str) -> bytes:
        return await imported.source_hash(self._tx, self.partner_id, source)
