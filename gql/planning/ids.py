"""Opaque global ids (Relay): what a node is and where its row lies."""

import base64
import binascii
from typing import NamedTuple


class NodeId(NamedTuple):
    """A node's type and key: (id,) or (patient id, id)."""

    typename: str
    key: tuple[int, ...]

    def text(self) -> str:
        """Return the id as clients hold it."""
        plain = ":".join([self.typename, *(str(number) for number in self.key)])
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "NodeId":
        """Return the parts of an id.

        Raises:
            ValueError: it is none; the text itself is not repeated.
        """
        try:
            plain = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            typename, *key = plain.decode("ascii").split(":")
        except (UnicodeError, binascii.Error):
            raise ValueError("not an id") from None
        numbers = [number for number in key if number.isdecimal() and len(number) < 19]
        if not typename.isalpha() or len(numbers) != len(key) or len(key) not in (1, 2):
            raise ValueError("not an id")
        return cls(typename, tuple(int(number) for number in numbers))
