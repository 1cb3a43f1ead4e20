"""What ASGI can't say: a message goes out without a coroutine, and a line is cut although its reader takes nothing."""

from functools import lru_cache
from typing import Any

from starlette.types import Send
from websockets.frames import Frame, Opcode
from websockets.protocol import State


class UvicornLine:
    """One websocket as uvicorn's protocol has it; its `send` waits for the very reader who doesn't read."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, text: str) -> bool:
        """Send a message if it goes out at once; return whether it did."""
        protocol = self._protocol
        if not protocol.writable.is_set() or protocol.close_sent or protocol.conn.state is not State.OPEN:
            return False
        protocol.transport.write(_frame(text))
        return True

    def cut(self, code: int, reason: str) -> None:
        """Leave word behind what the client hasn't read yet, and close; what is never read the kernel drops."""
        protocol = self._protocol
        if not protocol.transport.is_closing():
            protocol.conn.send_close(code, reason)
            protocol.transport.write(b"".join(protocol.conn.data_to_send()))
            protocol.transport.close()


@lru_cache(maxsize=4)
def _frame(text: str) -> bytes:
    """Return a message as it lies on the wire (RFC 6455): the same for all who are told the same."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def line_of(send: Send) -> UvicornLine | None:
    """Return the line behind uvicorn's own `send`; None behind any other."""
    protocol = getattr(send, "__self__", None)
    return UvicornLine(protocol) if hasattr(protocol, "writable") else None
