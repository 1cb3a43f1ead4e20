"""Settings: from the environment, each `MEDKABINET_…`."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from persistence.drivers import Driver
from persistence.drivers.postgres import PostgresDriver
from persistence.drivers.sqlite import SqliteDriver


class Mllp(BaseModel):
    """A listener for one laboratory's HL7 v2 messages."""

    port: int
    partner: str
    """The login of the laboratory's account."""
    host: str = "127.0.0.1"
    certificate: Path | None = None
    private_key: Path | None = None
    clients: Path | None = None
    """Authorities whose client certificates get in."""
    behind_tls: bool = False


class SmtpServer(BaseModel):
    """A mail server that takes the service's letters."""

    host: str
    sender: str
    """From whom, such as noreply@clinic.example."""
    port: int = 465
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str | None = None
    password: SecretStr | None = None
    authorities: Path | None = None


class Gateway(BaseModel):
    """An HTTP gateway that takes texts."""

    address: str
    token: SecretStr


class Identity(BaseModel):
    """A national identity service, by OpenID Connect."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    name: str = "OpenID Connect"
    redirect_uri: str
    """`https://host/identity/return`, as the service knows it."""


class Settings(BaseSettings):
    """What an operator chooses."""

    model_config = SettingsConfigDict(
        env_prefix="MEDKABINET_",
        env_file=None,
        extra="ignore",
        hide_input_in_errors=True,  # an error would quote every setting, the master keys among them
    )

    database_url: str = Field(repr=False, description="sqlite:///PATH or postgresql://…; the service's own user")
    keys_url: str | None = Field(
        default=None,
        repr=False,
        description="where wrapped keys are kept, apart from the data; beside an SQLite file by default",
    )
    service_user: str | None = Field(
        default=None, description="PostgreSQL user that the service runs as; `migrate` gives it what it needs"
    )
    master_keys_file: Path | None = Field(default=None, description="file of master keys, one `name:base64` a line")
    master_keys: SecretStr | None = Field(default=None, description="the same as text, where there is no file")
    bus_url: str = Field(default="memory://", repr=False, description="memory://, redis://… or postgres://…")
    limits_url: str = Field(
        default="memory://", repr=False, description="where sign-in attempts are counted: memory:// or redis://…"
    )
    codes: Literal["none", "outbox"] = Field(
        default="none", description="outbox: codes and messages are shown by the demonstration, never sent"
    )
    site: str | None = Field(
        default=None,
        pattern="^(https://[^/]+|http://localhost(:[0-9]+)?)$",
        description="where people's browsers find the service, https://host[:port]; passkeys work only there",
    )
    identity: Identity | None = Field(
        default=None, repr=False, description="JSON: issuer, client_id, client_secret, redirect_uri, name"
    )
    registry: Literal["none", "demo"] = Field(
        default="none", description="the population registry; without one a person decides by a video check"
    )
    public_url: str = Field(
        default="", description="where people open the account, https://…: the link in messages that go out"
    )
    smtp: SmtpServer | None = Field(
        default=None, repr=False, description="JSON: host, sender, port, security (tls, starttls), user, password"
    )
    sms: Gateway | None = Field(default=None, repr=False, description="JSON: address, token of an HTTP gateway")
    leaked_passwords: Path | None = Field(
        default=None, description="passwords that have leaked: a file of SHA-1 hashes in order, as haveibeenpwned gives"
    )
    audit_name: str = Field(
        default="medkabinet/audit", description="what signed checkpoints call this log, such as clinic.example/audit"
    )
    audit_checkpoints: str | None = Field(
        default=None, description="where checkpoints are kept elsewhere: a file to append to, or an https:// address"
    )
    erasures_file: Path | None = Field(
        default=None, description="list of erased people, kept apart from data and backups; a restore replays it"
    )
    watch: dict[str, tuple[int, int]] = Field(
        default={}, description='JSON: rules for unusual activity, such as {"MASS_EXPORT": [5, 3600]}; 0 turns one off'
    )
    watch_places: Path | None = Field(default=None, description="file of `network,latitude,longitude`, one a line")
    mllp: Mllp | None = Field(default=None, description="JSON: port, partner, host, certificate, private_key, clients")
    streams_a_person: int = Field(default=100, ge=1, description="open subscriptions of one account in one process")
    stream_seconds: float = Field(
        default=6 * 3600, gt=0, description="age at which a subscription is asked to connect anew and resume"
    )
    slow_reader_seconds: float = Field(default=20, gt=0, description="how long a client may take nothing that waits")
    event_days: float = Field(default=30, gt=0, description="how long a client may be away and still resume")
    trusted_documents: Path | None = Field(default=None, description="manifest of known clients' documents, by SHA-256")
    trusted_documents_only: bool = Field(default=False, description="refuse every document that isn't in the manifest")
    host: str = "127.0.0.1"
    port: int = 8000
    mode: Literal["development", "production"] = "production"
    operations_at_once: int = Field(default=128, ge=1, description="queries and mutations; more are told to come again")
    allowed_origins: tuple[str, ...] = ()
    trusted_proxy: bool = False
    behind_tls: bool = Field(default=False, description="a proxy before this server ends TLS 1.3")

    @classmethod
    def of_environment(cls) -> "Settings":
        """Return the settings that the environment gives.

        Raises:
            ValueError: a setting is missing or is none.
        """
        return cls()  # type: ignore[call-arg]

    @property
    def wrapped_keys_url(self) -> str:
        """Return where the keys are.

        Raises:
            ValueError: PostgreSQL needs a place for the keys that isn't the data's.
        """
        if self.keys_url is not None:
            return self.keys_url
        if not self.database_url.startswith("sqlite:///"):
            raise ValueError("MEDKABINET_KEYS_URL must name a database of its own")
        path = Path(self.database_url.removeprefix("sqlite:///"))
        return f"sqlite:///{path.with_name('keys.db')}"

    @property
    def erased(self) -> Path | None:
        """Return the list of erasures: beside an SQLite file where none is named."""
        if self.erasures_file is None and self.database_url.startswith("sqlite:///"):
            return Path(self.database_url.removeprefix("sqlite:///")).with_name("erasures.txt")
        return self.erasures_file


def driver_of(url: str) -> Driver:
    """Return the driver for a database's URL."""
    if url.startswith("sqlite:///"):
        return SqliteDriver(Path(url.removeprefix("sqlite:///")))
    return PostgresDriver(url)
