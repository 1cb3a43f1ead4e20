"""A call: who asks for what, with which key; and the one way to act (laws 2 and 8)."""

import functools
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import msgspec

from actions.app import App
from domain.accounts import Viewer
from domain.audit import REPEATED, AuditAction, AuditEntry, Outcome
from domain.errors import REFUSALS, Forbidden, InvalidInput, KeyReused, NotSignedIn, Refusal
from persistence import events, outcomes, sessions
from persistence.audit import Origin
from persistence.ids import IDS_AHEAD
from persistence.sealing import SYSTEM
from persistence.store import Transaction

P = ParamSpec("P")
R = TypeVar("R")


class Ref(NamedTuple):
    """A row that an action made or changed."""

    patient_id: int
    id: int
    as_of: str = ""
    """The cursor after the action's commit."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation's caller."""

    app: App
    token_hash: bytes | None = None
    address: str = ""
    user_agent: str = ""
    operation: str = ""
    language: str = "ru"
    key: str | None = None
    """The client's key of this mutation."""

    def origin(self, viewer: Viewer | None) -> Origin:
        """Return what the audit log keeps of the caller."""
        return Origin(
            viewer.account_id if viewer else None,
            self.address,
            self.user_agent,
            self.operation,
            tuple(grant.role.value for grant in viewer.roles) if viewer else (),
            tuple(grant.organization_id for grant in viewer.roles) if viewer else (),
            viewer.patient_id if viewer else None,
            viewer.session_id if viewer else 0,
        )

    def with_key(self, key: str | None) -> "Call":
        """Return the call with an input's own key, which wins over the header's."""
        return self if key is None else replace(self, key=key)


class Acting(NamedTuple):
    """A transaction and who acts in it."""

    tx: Transaction
    viewer: Viewer
    call: Call


def action(
    what: AuditAction, ids: Callable[[Mapping[str, Any]], int] = lambda given: IDS_AHEAD
) -> Callable[[Callable[Concatenate[Acting, P], Awaitable[Ref]]], Callable[Concatenate[Call, P], Awaitable[Ref]]]:
    """Make a function one transaction: session → key → what it does → audit and events → commit.

    The function takes the transaction with the viewer and returns what it changed. A repeat with the same key and
    input gets the first one's outcome; a refusal is recorded after the rollback and then raised. `ids` says, from the
    named arguments, how many new rows there may be at most.
    """

    def decorate(
        run: Callable[Concatenate[Acting, P], Awaitable[Ref]],
    ) -> Callable[Concatenate[Call, P], Awaitable[Ref]]:
        @functools.wraps(run)
        async def once(call: Call, *args: P.args, **given: P.kwargs) -> Ref:
            attempt = _Attempt(call, what, run.__name__, given, ids(given))
            try:
                return await attempt.run(lambda acting: run(acting, *args, **given))
            except Refusal as refusal:
                await attempt.refused(refusal)
                raise

        return once  # type: ignore[return-value]  # the names of positional parameters differ

    return decorate


class _Attempt:
    """One run of an action."""

    def __init__(self, call: Call, what: AuditAction, name: str, given: Any, ids: int) -> None:
        self._call = call
        self._what = what
        self._ids = ids
        self._name = name
        self._given = given
        self._viewer: Viewer | None = None
        self._hashes: tuple[bytes, bytes] | None = None
        self._patient_id: int | None = given.get("patient_id")
        self._repeated = False

    async def run(self, function: Callable[[Acting], Awaitable[Ref]]) -> Ref:
        """Run in a transaction."""
        store = self._call.app.store
        await self._prepare()
        async with store.begin(ids=self._ids) as tx:
            self._viewer = await self._signed_in(tx)
            tx.auditor = self._call.origin(self._viewer)
            if self._hashes and not await self._claimed(tx):
                return await self._replayed(tx)
            done = await function(Acting(tx, self._viewer, self._call))
            if not tx.entries:  # nothing had to change; the answer has its entry all the same
                tx.audit(AuditEntry(self._what, patient_id=done.patient_id or None, subject_id=done.id or None))
            if self._hashes:
                await outcomes.settle(tx, self._viewer.account_id, self._hashes[0], outcomes.Outcome(tuple(done[:2])))
        return done._replace(as_of=tx.as_of or done.as_of)

    async def refused(self, refusal: Refusal) -> None:
        """Record a refusal and its outcome, after the rollback."""
        entry = AuditEntry(self._what, Outcome.REFUSED, patient_id=self._patient_id, reason=refusal.code)
        async with self._call.app.store.begin(auditor=self._call.origin(self._viewer)) as tx:
            tx.audit(entry)
            refusal.recorded = True
            if self._hashes and self._viewer and not self._repeated and await self._claimed(tx):
                outcome = outcomes.Outcome(refusal=refusal.code, field=refusal.field)
                await outcomes.settle(tx, self._viewer.account_id, self._hashes[0], outcome)

    async def _prepare(self) -> None:
        """Hash the client's key before the transaction begins."""
        if self._call.key is not None:
            if not 1 <= len(self._call.key) <= 255:
                raise InvalidInput("key")
            lookup = await self._call.app.store.keys.newest(SYSTEM)
            self._hashes = (
                lookup.hash(f"key|{self._call.key}"),
                lookup.hash(f"input|{_digest(self._name, self._given)}"),
            )

    async def _signed_in(self, tx: Transaction) -> Viewer:
        viewer = await sessions.viewer(tx, self._call.token_hash) if self._call.token_hash else None
        if viewer is None:
            raise NotSignedIn
        await sessions.seen_now(tx, viewer)
        return viewer

    async def _claimed(self, tx: Transaction) -> bool:
        assert self._hashes is not None
        assert self._viewer is not None
        return await outcomes.claim(tx, self._viewer.account_id, *self._hashes)

    async def _replayed(self, tx: Transaction) -> Ref:
        assert self._hashes is not None
        assert self._viewer is not None
        self._repeated = True
        found = await outcomes.find(tx, self._viewer.account_id, self._hashes[0])
        assert found is not None, "a key that was claimed is found"
        input_hash, outcome = found
        if input_hash != self._hashes[1]:
            raise KeyReused("key")
        if outcome.refusal:
            raise REFUSALS.get(outcome.refusal, Forbidden)(outcome.field)
        tx.audit(AuditEntry(self._what, patient_id=self._patient_id, reason=REPEATED))
        return Ref(outcome.ids[0], outcome.ids[1], (await events.as_of(tx)).text())


def _digest(name: str, given: Mapping[str, Any]) -> str:
    """Return the digest of an action's name and input."""
    try:
        encoded = msgspec.json.encode(given, order="sorted", enc_hook=repr)
    except UnicodeEncodeError:  # half a character: the action will refuse it, by its field's name
        encoded = repr(sorted(given.items())).encode("utf-8", "backslashreplace")
    return hashlib.sha256(name.encode() + b"|" + encoded).hexdigest()
