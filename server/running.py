"""Runs uvicorn, for the service and for the demo."""

import secrets
import socket
import sys
from pathlib import Path
from typing import Any, Final

import uvicorn
from pydantic import SecretStr

from server import logs
from server.app import Application, Doors
from server.protocols import Http, Socket
from server.settings import Identity, Settings
from server.wiring import house, migrated

DEAF_MS: Final = 45_000


def serve() -> None:
    """Serve with the settings of the environment.

    Raises:
        ValueError: plain HTTP off loopback, with no TLS before it.
    """
    settings = Settings.of_environment()
    logs.configure(pretty=False)
    require_safe(settings)
    run(Application(settings, lambda: house(settings), _pages(settings)), settings)


def require_safe(settings: Settings) -> None:
    """Check that health data doesn't travel in the clear.

    Raises:
        ValueError: it would.
    """
    if not is_loopback(settings.host) and not settings.behind_tls:
        raise ValueError("plain HTTP is served on loopback only; put TLS 1.3 before it and set MEDKABINET_BEHIND_TLS")


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    return host in ("127.0.0.1", "::1", "localhost")


def serve_demo(host: str, port: int, folder: Path) -> None:
    """Serve the demo: its own database, its own master key, its own people.

    Raises:
        ValueError: off loopback.
    """
    if not is_loopback(host):
        raise ValueError("the demo shows its people's passwords, so it is served on loopback only")
    from persistence.masters import make_master_key

    folder.mkdir(exist_ok=True)
    master = folder / "master.keys"
    if not master.exists():
        make_master_key(master, "demo")
    settings = Settings(
        database_url=f"sqlite:///{folder / 'medkabinet.db'}",
        master_keys_file=master,
        host=host,
        port=port,
        mode="development",
        codes="outbox",
        registry="demo",
        identity=_demo_identity(host, port),
    )
    logs.configure(pretty=True)
    application = Application(settings, lambda: _migrated_house(settings), _demo_doors(settings))
    run(application, settings, _welcome(settings))


def _demo_identity(host: str, port: int) -> Identity:
    """Return the identity service that the demonstration serves itself, known by a secret of this start."""
    here = f"http://{host}:{port}"
    return Identity(
        issuer=f"{here}/demo/identity",
        client_id="medkabinet",
        client_secret=SecretStr(secrets.token_urlsafe(32)),
        name="Демонстрационный сервис идентификации",
        redirect_uri=f"{here}/identity/return",
    )


def _migrated_house(settings: Settings) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opened() -> Any:
        await migrated(settings)
        async with house(settings) as stands:
            yield stands

    return opened()


def _demo_doors(settings: Settings) -> Doors:
    async def doors(stands: Any) -> Any:
        from server.demo import demo_routes

        return await demo_routes(stands, settings)

    return doors


def _pages(settings: Settings) -> Doors:
    async def doors(stands: Any) -> Any:
        from server.demo import web_settings
        from web.pages import routes

        return routes(stands.app, web_settings(settings))

    return doors


def _welcome(settings: Settings) -> str:
    """Return where to click and how to sign in."""
    address = f"http://{settings.host}:{settings.port}"
    return (
        f"\n  Medkabinet (demo, invented people)\n\n"
        f"  {address}/           people of every role: choose one, press «Войти»\n"
        f"  {address}/graphiql   GraphiQL with examples\n"
        f"  {address}/identity   signing in by a national identity service, played by the demo\n"
        f"  {address}/demo/mailbox  the codes and notices that would have gone to phones and addresses\n"
        f"  {address}/graphql    the API: HTTP, SSE and graphql-transport-ws\n\n"
        f"  Sign in as anna@example.org, password open-house-demo, with the one-time code that the page shows.\n"
        f"  Ctrl+C stops.\n"
    )


def run(application: Application, settings: Settings, welcome: str = "") -> None:
    """Run until SIGTERM or SIGINT; what is in flight is finished, sockets are closed with 1012."""
    config = uvicorn.Config(
        application.asgi,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=Http,
        ws=Socket,
        ws_max_size=256 * 1024,
        ws_per_message_deflate=False,  # triples a socket's memory; events are 150 bytes
        access_log=False,  # URLs and addresses are the audit log's
        server_header=False,
        proxy_headers=False,  # the transports believe X-Forwarded-For only where they are told to
        log_config=None,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
    )
    try:
        with config.bind_socket() as listening:
            drop_the_deaf(listening)
            Server(config, application, welcome).run([listening])
    finally:  # uvicorn leaves by SystemExit; what kept it from starting says more
        if application.trouble is not None:
            raise application.trouble


def drop_the_deaf(listening: socket.socket) -> None:
    """Let the kernel drop connections that take nothing of what was sent for long: nothing above it can."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_MS)


class Server(uvicorn.Server):
    """uvicorn that lets the open lines end well before it stops."""

    def __init__(self, config: uvicorn.Config, application: Application, welcome: str = "") -> None:
        super().__init__(config)
        self._application = application
        self._welcome = welcome

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where to click."""
        await super().startup(sockets)
        if self.started and self._welcome:
            sys.stdout.write(self._welcome)
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close streams and sockets with their protocol's words (1012), then stop."""
        await self._application.lines.close_all()
        await super().shutdown(sockets)
