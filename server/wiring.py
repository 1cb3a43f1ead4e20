"""Everything put together."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from actions import carrying, codes, confirming, exporting, recovery, reminding
from actions.app import App
from actions.appeals import ERASE, EXPORT
from actions.codes import SEND
from actions.confirming import MATCH
from actions.erasing import erasing
from actions.identity import IdentityProvider
from actions.notifying import DELIVER, REMIND, REPLAN, Follower
from actions.population import DemoRegistry
from actions.recovery import FINISH
from actions.sending import Nobody, Outbox, Sender
from actions.tasks import Runner
from domain.codes import Channel
from domain.watch import AlertKind, Limit, Places, Watch
from gql.api import Api
from gql.trusted import Trusted, read_manifest
from integrations.carriers import Carrier, Carriers
from integrations.carriers.gateway import SmsGateway
from integrations.carriers.smtp import Smtp
from integrations.hl7.intake import Intake
from persistence import migrate
from persistence.audit import AuditLog
from persistence.forgetting import keep_forgetting
from persistence.keeping import require_keys
from persistence.masters import MasterKeyMissing, MasterKeys
from persistence.sealing import KeyRing
from persistence.store import Clock, Store, utc_now
from security.leaked import Leaked
from security.limits import Attempts
from security.passkeys import Site
from security.passwords import PasswordCost, Passwords
from security.tallies import Tallies, tallies_at
from server.checkpoints import publisher
from server.settings import Identity, Settings, driver_of
from subscriptions.hub import Bounds, Hub
from subscriptions.ledger import LedgerKeeper

if TYPE_CHECKING:
    from integrations.oidc import Registration


@dataclass(frozen=True, slots=True)
class House:
    """The running product."""

    app: App
    hub: Hub
    api: Api
    ledger: LedgerKeeper
    tasks: Runner
    follower: Follower


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


def watch_of(settings: Settings) -> Watch:
    """Return the rules for unusual activity, as the operator has set them.

    Raises:
        ValueError: a rule's name or the table of places is none.
    """
    places = settings.watch_places
    rules = {AlertKind(name): Limit(*limit) for name, limit in settings.watch.items()}
    return Watch(rules, Places(places.read_text().splitlines()) if places else None)


@asynccontextmanager
async def house(settings: Settings, clock: Clock = utc_now, cost: PasswordCost | None = None) -> AsyncGenerator[House]:
    """Run the product behind its doors.

    Raises:
        ManifestBroken: the list of trusted documents is none.
        ValueError: only trusted documents are to be served, and there is no list of them.
    """
    trusted = _trusted(settings)
    async with opened(settings, clock) as store, closing(settings, cost) as (tallies, passwords):
        app = _app(settings, store, passwords, Attempts(tallies, clock))
        app.understands["hl7"] = Intake(app).understand
        hub = Hub(store, settings.bus_url, Bounds(settings.streams_a_person, settings.stream_seconds))
        ledger = LedgerKeeper(app, publisher(settings.audit_checkpoints), lambda: watch_of(settings))
        handlers = {
            EXPORT: exporting.export,
            ERASE: erasing(settings.erased),
            **dict.fromkeys(SEND.values(), codes.deliver),
            MATCH: confirming.match,
            **dict.fromkeys(DELIVER.values(), carrying.deliver),
            REMIND: reminding.remind,
            REPLAN: reminding.replan,
            FINISH: recovery.finish,
        }
        tasks = Runner(app, handlers, carrying.ATTEMPTS)
        follower = Follower(app)
        await hub.start()
        ledger.start()
        tasks.start()
        await follower.start()
        forgetting = asyncio.gather(
            keep_forgetting(store, timedelta(days=settings.event_days)), codes.keep_forgetting(store)
        )
        try:
            introspection = settings.mode != "production"
            yield House(app, hub, Api(app, hub, introspection=introspection, trusted=trusted), ledger, tasks, follower)
        finally:
            await follower.stop()
            await tasks.stop()
            await ledger.stop()
            forgetting.cancel()
            await asyncio.gather(forgetting, return_exceptions=True)
            await hub.stop()


def sender_of(settings: Settings, clock: Clock) -> Sender:
    """Return by what codes and messages leave the house.

    Raises:
        ValueError: a carrier would be reached without TLS.
    """
    if settings.codes == "outbox":
        return Outbox(clock)
    ways: dict[Channel, Carrier] = {}
    if settings.smtp is not None:
        smtp = settings.smtp
        secret = smtp.password.get_secret_value() if smtp.password else None
        ways[Channel.EMAIL] = Smtp(
            smtp.host, smtp.port, smtp.sender, smtp.security, smtp.user, secret, smtp.authorities
        )
    if settings.sms is not None:
        ways[Channel.SMS] = SmsGateway(settings.sms.address, settings.sms.token.get_secret_value())
    return Carriers(ways) if ways else Nobody()


def _app(settings: Settings, store: Store, passwords: Passwords, attempts: Attempts) -> App:
    return App(
        store,
        AuditLog(store),
        passwords,
        attempts,
        sender=sender_of(settings, store.clock),
        population=DemoRegistry() if settings.registry == "demo" else None,
        site=Site(settings.site or f"http://localhost:{settings.port}"),
        identity=_identity(settings, store),
        leaked=Leaked(settings.leaked_passwords),
        public_url=settings.public_url,
        log_name=settings.audit_name,
    )


def _identity(settings: Settings, store: Store) -> IdentityProvider | None:
    if settings.identity is None:
        return None
    from integrations.oidc import OpenIdConnect

    return OpenIdConnect(registration_of(settings.identity), store.clock)


def registration_of(known: Identity) -> "Registration":
    """Return as what the identity service knows us."""
    from integrations.oidc import Registration

    secret = known.client_secret.get_secret_value()
    return Registration(known.issuer, known.client_id, secret, known.redirect_uri, known.name)


def _trusted(settings: Settings) -> Trusted:
    if settings.trusted_documents is None:
        if settings.trusted_documents_only:
            raise ValueError("MEDKABINET_TRUSTED_DOCUMENTS_ONLY needs a list: MEDKABINET_TRUSTED_DOCUMENTS")
        return Trusted()
    return Trusted(read_manifest(settings.trusted_documents), only=settings.trusted_documents_only)


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
