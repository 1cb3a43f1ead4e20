"""The demonstration on a real socket, with a clock that can be put forward: a one-time code works once."""

import base64
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from server.demo import demo_routes
from server.demo.people import PASSWORD
from server.settings import Settings
from server.wiring import migrated
from tests.serving import Clock, served


class Site:
    """A served product."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncGenerator["Visitor"]:
        """A client with a cookie jar of its own."""
        sent = {"sec-fetch-site": "same-origin", "origin": self.url} | headers
        async with httpx2.AsyncClient(base_url=self.url, headers=sent, timeout=20) as http:
            yield Visitor(self, http)


class Visitor:
    """What a page of ours would send."""

    def __init__(self, site: Site, http: httpx2.AsyncClient) -> None:
        self.site = site
        self.http = http

    async def credentials(self, login: str = "anna@example.org") -> dict[str, str]:
        """Return what opens a session now."""
        self.site.clock.next_code()
        codes = (await self.http.get("/demo/codes")).json()["codes"]
        return {"login": login, "password": PASSWORD, "code": codes[login]}

    async def sign_in(self, login: str = "anna@example.org") -> str:
        """Open a session and return its CSRF token."""
        response = await self.http.post("/session", json=await self.credentials(login))
        assert response.status_code == 200, response.text
        return response.json()["csrfToken"]

    async def viewer(self, csrf: str) -> str | None:
        """Return who GraphQL takes the visitor for."""
        asked = {"query": "{ viewer { name } }"}
        response = await self.http.post("/graphql", json=asked, headers={"X-CSRF-Token": csrf})
        viewer = response.json()["data"]["viewer"]
        return viewer and viewer["name"]


def settings_in(folder: Path) -> Settings:
    """Return settings of a database of the test's own."""
    master = f"test:{base64.b64encode(os.urandom(32)).decode()}"
    url = f"sqlite:///{folder / 'data.db'}"
    return Settings(database_url=url, master_keys=master, mode="development", codes="outbox")


@pytest.fixture(scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Site]:
    """The demonstration, filled once."""
    settings, clock = settings_in(tmp_path_factory.mktemp("demo")), Clock()
    await migrated(settings)
    async with served(settings, clock, lambda stands: demo_routes(stands, settings)) as url:
        yield Site(url, clock)
