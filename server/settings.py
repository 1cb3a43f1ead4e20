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
    mllp: Mllp | None = Field(default=None, description="JSON: port, partner, host, certificate, private_key, clients")
    host: str = "127.0.0.1"
    port: int = 8000
    mode: Literal["development", "production"] = "production"
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


def driver_of(url: str) -> Driver:
    """Return the driver for a database's URL."""
    if url.startswith("sqlite:///"):
        return SqliteDriver(Path(url.removeprefix("sqlite:///")))
    return PostgresDriver(url)
