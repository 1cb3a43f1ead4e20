"""Texts by an HTTP gateway: one POST of JSON, as most of them take it, with a bearer's token."""

import asyncio
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 15.0
LONGEST: Final = 64 * 1024
HERE: Final = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class NotTaken(Exception):
    """The gateway did not take a text; its words may hold the number, so they aren't kept."""


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """A gateway that takes `{"to", "text", "key"}` and answers `{"id"}`."""

    address: str
    token: str

    def __post_init__(self) -> None:
        if not self.address.startswith(("https://", *HERE)):
            raise ValueError("texts go to a gateway by https")

    async def carry(self, to: str, text: str, key: str) -> str:
        """Hand a text over; by the same `Idempotency-Key` the gateway knows a repeat.

        Raises:
            NotTaken: it answers anything but that it has taken it.
        """
        return await asyncio.to_thread(self._send, to, text, key)

    def _send(self, to: str, text: str, key: str) -> str:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        body = json.dumps({"to": to, "text": text, "key": key}).encode()
        request = urllib.request.Request(self.address, body, headers, method="POST")  # noqa: S310 - https, see above
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return str(json.loads(answer.read(LONGEST))["id"])[:128]
        except urllib.error.HTTPError as error:
            error.close()
            raise NotTaken(str(error.code)) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotTaken(type(error).__name__) from None
