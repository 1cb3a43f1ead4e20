"""Everything put together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from actions.app import App
from gql.api import Api
from persistence import migrate
from persistence.audit import AuditLog
from persistence.keeping import require_keys
from persistence.masters import MasterKeyMissing, MasterKeys
from persistence.sealing import KeyRing
from persistence.store import Clock, Store, utc_now
from security.limits import Attempts
from security.passwords import PasswordCost, Passwords
from security.tallies import Tallies, tallies_at
from server.settings import Settings, driver_of
from subscriptions.hub import Hub


@dataclass(frozen=True, slots=True)
class House:
    """The running product."""

    app: App
    hub: Hub
    api: Api


def masters_of(settings: Settings) -> MasterKeys:
    """Return the master keys.

    Raises:
        MasterKeyMissing: none is configured; nothing is made up, nothing is touched.
    """
    if settings.master_keys_file is not None:
        if not settings.master_keys_file.exists():
            raise MasterKeyMissing("the file of master keys isn't there")
        return MasterKeys(settings.master_keys_file)
    if settings.master_keys is not None:
        return MasterKeys(settings.master_keys.get_secret_value())
    raise MasterKeyMissing("set MEDKABINET_MASTER_KEYS_FILE or MEDKABINET_MASTER_KEYS")


def store_of(settings: Settings, clock: Clock = utc_now) -> Store:
    """Return the store, not yet opened."""
    keys = KeyRing(driver_of(settings.wrapped_keys_url), masters_of(settings))
    return Store(driver_of(settings.database_url), keys, clock)


@asynccontextmanager
async def opened(settings: Settings, clock: Clock = utc_now) -> AsyncGenerator[Store]:
    """Open the store of a database that has this program's schema and whose keys open.

    Raises:
        SchemaMismatch: the schema is older or newer.
        SealBroken: the master key isn't the one that wrapped the keys.
        MasterKeyMissing: one isn't at hand, or the keys of what is stored are gone.
    """
    store = store_of(settings, clock)
    await migrate.check(settings.database_url, "data")
    await migrate.check(settings.wrapped_keys_url, "keys")
    await store.open()
    try:
        await require_keys(store)
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def closing(settings: Settings, cost: PasswordCost | None) -> AsyncGenerator[tuple[Tallies, Passwords]]:
    """Hold what counts sign-ins and what hashes passwords."""
    tallies, passwords = tallies_at(settings.limits_url), Passwords(cost)
    try:
        yield tallies, passwords
    finally:
        passwords.close()
        await tallies.close()


@asynccontextmanager
async def house(settings: Settings, clock: Clock = utc_now, cost: PasswordCost | None = None) -> AsyncGenerator[House]:
    """Run the product behind its doors."""
    async with opened(settings, clock) as store, closing(settings, cost) as (tallies, passwords):
        app = App(store, AuditLog(store), passwords, Attempts(tallies, clock))
        hub = Hub(store, settings.bus_url)
        await hub.start()
        try:
            yield House(app, hub, Api(app, hub, introspection=settings.mode != "production"))
        finally:
            await hub.stop()


async def migrated(settings: Settings) -> None:
    """Bring both databases to this program's schema, and give the service's own user what it needs.

    Raises:
        SchemaMismatch: one of them is newer than the program; neither is touched.
    """
    urls: dict[migrate.Which, str] = {"data": settings.database_url, "keys": settings.wrapped_keys_url}
    for which, url in urls.items():
        await migrate.refuse_newer(url, which)
    for which, url in urls.items():
        await migrate.upgrade(url, which)
        if settings.service_user and not url.startswith(migrate.SQLITE):
            await migrate.grant(url, settings.service_user, which)
