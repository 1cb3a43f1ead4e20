"""The way of an HL7 v2 message: understood, kept, applied, answered; the same for every door."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from actions import messages
from actions.app import App
from actions.call import Call
from actions.messages import MessageSeen, Sender
from domain.errors import Forbidden, NotSignedIn
from domain.messages import Filing, MessageReason, Received
from integrations.hl7.acknowledgement import acknowledgement
from integrations.hl7.decoding import decode
from integrations.hl7.oru import filings
from integrations.hl7.parsing import Parsed, parse
from integrations.hl7.persons import AUTHORITIES

logger = logging.getLogger(__name__)

VERSIONS: Final = frozenset({"2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8"})
TESTS: Final = frozenset({"T", "D"})
"""Training and debugging (HL7 table 0103): what they say is about nobody, whomever they name."""
LATER: Final = frozenset({"2.8.1", "2.8.2"})
"""Corrections of 2.8."""
BIG: Final = 64 * 1024
"""What takes longer to understand than other connections should wait."""
MOST_BYTES: Final = 20 * 1024 * 1024
"""In one message."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes messages, for whichever partner a door names."""

    app: App
    authorities: Mapping[str, str] = field(default_factory=lambda: AUTHORITIES)
    """Assigning authority, in capitals → identifier system."""
    zone: tzinfo = UTC
    """Of times that name none, in messages whose header names none either."""

    async def take(self, sender: Sender, raw: bytes) -> bytes:
        """Return a message's one acknowledgement; what fails here is answered as not taken, to be sent again.

        Raises:
            NotSignedIn: nobody is known to be sending.
            Forbidden: the sender is no laboratory and no record system.
        """
        try:
            received = await self._understood(raw)
            return await messages.receive(sender, received)
        except (NotSignedIn, Forbidden):
            raise
        except Exception as error:  # noqa: BLE001 - the sender must be answered; the error's text may hold health data
            logger.error("an HL7 message was not taken: %s", type(error).__name__)
            return self.answer(raw, MessageReason.INTERNAL_ERROR)

    def answer(self, raw: bytes, reason: MessageReason) -> bytes:
        """Return the acknowledgement of a message that is not kept."""
        return acknowledgement(parse(decode(raw)), reason, self.app.store.clock())

    async def replay(self, call: Call, message_id: int) -> MessageSeen:
        """Apply a stored message anew, by an operator's hand; see `actions.messages.replay`."""
        return await messages.replay(call, message_id, self.understand)

    async def recover(self, sender: Sender) -> int:
        """Apply what was stored and not applied when the process died; return how many there were."""
        return await messages.recover(sender, self.understand)

    def understand(self, raw: bytes) -> Received:
        """Return what a message says; pure but for the clock."""
        message = parse(decode(raw))
        found, reason = self._contents(message)
        return Received(
            raw,
            _identity(message, raw),
            _content(message, raw),
            lambda why: acknowledgement(message, why, self.app.store.clock()),
            _kind(message),
            found,
            reason,
        )

    async def _understood(self, raw: bytes) -> Received:
        return self.understand(raw) if len(raw) < BIG else await asyncio.to_thread(self.understand, raw)

    def _contents(self, message: Parsed) -> tuple[tuple[Filing, ...], MessageReason | None]:
        reason = message.reason or _refusal(message)
        if reason is not None:
            return (), reason
        return filings(message, self.app.store.clock(), self.zone, self.authorities)


def _refusal(message: Parsed) -> MessageReason | None:
    """Return why a readable message isn't taken, by its header alone."""
    header = message.segments[0]
    if not header.text(10):
        return MessageReason.CONTROL_ID_MISSING
    kind, event = _type(message)
    if kind != "ORU":
        return MessageReason.TYPE_UNSUPPORTED
    if event not in ("", "R01"):
        return MessageReason.EVENT_UNSUPPORTED
    version = header.text(12)
    if version and version not in VERSIONS | LATER:
        return MessageReason.VERSION_UNSUPPORTED
    return MessageReason.TEST_MESSAGE if header.text(11).upper() in TESTS else None


def _type(message: Parsed) -> tuple[str, str]:
    header = message.segments[0]
    kind, _, event = header.text(9).upper().partition("_")
    return kind, header.text(9, 2).upper() or event


def _kind(message: Parsed) -> str:
    """Return the type and event, only if they look like it: an operator sees this, and nothing of the content."""
    if message.header is None:
        return ""
    parts = [part for part in _type(message) if part]
    fine = all(len(part) == 3 and part.isascii() and part.isalnum() for part in parts)
    return "^".join(parts) if fine else ""


def _identity(message: Parsed, raw: bytes) -> str:
    """Return what makes it the same message: sending application, facility and control id, or all of it without."""
    header = message.header
    if header is None or not header.text(10):
        return f"nameless|{hashlib.sha256(raw).hexdigest()}"
    return "|".join(header.raw(number) for number in (3, 4, 10))


def _content(message: Parsed, raw: bytes) -> str:
    """Return a digest of what the message says; the time of sending (MSH-7) may differ in a repeat."""
    if message.header is None or message.reason is not None:
        return hashlib.sha256(raw).hexdigest()
    return hashlib.sha256(f"{_kind(message)}\r{message.body}".encode("utf-8", "replace")).hexdigest()
