"""Where a caller comes from, told the same way by every door."""

import ipaddress
from typing import Final

USER_AGENT: Final = 200


def address(direct: str, forwarded: str, *, trusted_proxy: bool) -> str:
    """Return the client's IP address; of `X-Forwarded-For` only the hop that our own proxy wrote."""
    hop = forwarded.rpartition(",")[2].strip() if trusted_proxy else ""
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return direct


def user_agent(sent: str) -> str:
    """Return the program's name for the log: bounded, without line feeds and terminal codes."""
    cut = sent[:USER_AGENT]
    return cut if cut.isprintable() else "".join(filter(str.isprintable, cut))
