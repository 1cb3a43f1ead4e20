"""Letters by SMTP (RFC 5321), over TLS from the first byte or by STARTTLS (RFC 8314)."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from pathlib import Path
from typing import Final, Literal

SECONDS: Final = 15.0
SUBJECT: Final = "Медкабинет / Medkabinet"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server that takes our letters."""

    host: str
    port: int
    sender: str
    """From whom, such as `noreply@clinic.example`."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """`none` is for this machine alone."""
    user: str | None = None
    password: str | None = None
    authorities: Path | None = None
    """Who may have signed the server's certificate, where that isn't the system's."""

    def __post_init__(self) -> None:
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError("letters go over TLS; without it, to this machine only")

    async def carry(self, to: str, text: str, key: str) -> str:
        """Hand a letter over; the same key has the same Message-ID, by which mailboxes know a repeat."""
        letter = self._letter(to, text, key)
        await asyncio.to_thread(self._send, letter)
        return str(letter["Message-ID"])

    def _letter(self, to: str, text: str, key: str) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        domain = self.sender.rpartition("@")[2]
        letter["From"] = Address("Медкабинет", addr_spec=self.sender)
        letter["To"] = Address(addr_spec=to)
        letter["Subject"] = SUBJECT
        letter["Message-ID"] = f"<notification-{key}@{domain}>" if key else make_msgid(domain=domain)
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(text)
        return letter

    def _send(self, letter: EmailMessage) -> None:
        context = ssl.create_default_context(cafile=self.authorities) if self.security != "none" else None
        if self.security == "tls":
            assert context is not None
            connected: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        else:
            connected = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        with connected as server:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user is not None:
                server.login(self.user, self.password or "")
            server.send_message(letter)
