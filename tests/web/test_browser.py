"""The pages in headless Chromium: what a visitor sees, with no complaint of the browser's."""

import os
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.web.conftest import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IN_CI = os.environ.get("CI") == "true"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(CHROMIUM is None and not IN_CI, reason="there is no Chromium to look with (CI requires one)"),
]


@pytest.fixture
async def chromium() -> AsyncGenerator[Browser]:
    assert CHROMIUM is not None, "CI=true requires Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Looking:
    """A visitor's browser that notes what it complains of and whom it asks."""

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.site = site
        self.context = context
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda told: self._told(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        await page.goto(self.site.url + path)
        return page

    async def sign_in(self, page: Page, login: str) -> None:
        self.site.clock.next_code()
        await page.locator(f'[data-login="{login}"] .enter').click()
        await expect(page.locator("#viewer")).to_be_visible(timeout=20_000)
        await expect(page.locator('#live-state[data-state="listening"]')).to_be_visible(timeout=20_000)

    def _told(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.site.url, "data:")):
            self.elsewhere.append(url)


@asynccontextmanager
async def looking(site: Site, chromium: Browser, **options: object) -> AsyncGenerator[Looking]:
    """Look; afterwards the browser must have had nothing to complain of, and asked nobody else."""
    context = await chromium.new_context(**{"locale": "ru-RU", **options})  # type: ignore[arg-type]
    found = Looking(site, context)
    try:
        yield found
        assert found.complaints == []
        assert found.elsewhere == []
    finally:
        await context.close()


async def test_a_patient_signs_in_and_watches_the_alert_arrive(site: Site, chromium: Browser):
    async with looking(site, chromium) as visitor:
        page = await visitor.open("/")
        await expect(page.locator("#live-off")).to_be_visible()
        await visitor.sign_in(page, "anna@example.org")
        await expect(page.locator("#viewer")).to_have_text("Анна Смирнова")
        await page.click("#laboratory")
        alert = page.locator("#feed li.alert")
        await expect(alert).to_contain_text("опасно высоко", timeout=10_000)
        await expect(alert).to_contain_text("норма 3.5–5.1")
        await page.click("#leave")
        await expect(page.locator("#live-state")).to_have_attribute("data-state", "off")
        await expect(page.locator("#session-actions")).to_be_hidden()


async def test_the_doctor_sees_it_on_another_screen_and_a_stranger_does_not(site: Site, chromium: Browser):
    async with looking(site, chromium) as doctor, looking(site, chromium, locale="en-GB") as stranger:
        doctors, strangers = await doctor.open("/"), await stranger.open("/?lang=en")
        await doctor.sign_in(doctors, "sokolov@example.org")
        await stranger.sign_in(strangers, "boris@example.org")
        await doctors.click("#laboratory")
        await expect(doctors.locator("#feed li.alert")).to_contain_text("Смирнова Анна", timeout=10_000)
        await expect(strangers.locator("#feed li")).to_have_count(0)
        await expect(strangers.locator("#live-empty")).to_be_visible()


async def test_graphiql_runs_an_example_as_the_person_it_is_meant_for(site: Site, chromium: Browser):
    async with looking(site, chromium) as visitor:
        site.clock.next_code()
        page = await visitor.open("/graphiql?example=record")
        await page.locator(".bar .enter").click()
        await expect(page.locator("#who")).to_have_text("Вы вошли: Анна Смирнова", timeout=20_000)
        await page.locator(".graphiql-execute-button").click()
        await expect(page.locator(".result-window")).to_contain_text("Смирнова Анна Петровна", timeout=10_000)


async def test_a_booking_in_one_window_reaches_the_subscription_in_another(site: Site, chromium: Browser):
    async with looking(site, chromium) as visitor:
        first = await visitor.open("/")
        await visitor.sign_in(first, "anna@example.org")
        watching = await visitor.open("/graphiql?example=watch-visits")
        async with watching.expect_websocket() as opening:
            await watching.locator(".graphiql-execute-button").click()
        socket = await opening.value
        await socket.wait_for_event("framesent", lambda frame: "subscribe" in str(frame))
        booking = await visitor.open("/graphiql?example=book")
        await booking.locator(".graphiql-execute-button").click()
        await expect(booking.locator(".result-window")).to_contain_text("BOOKED", timeout=10_000)
        await expect(watching.locator(".result-window")).to_contain_text("appointmentChanged", timeout=10_000)
        await expect(first.locator("#feed li.visit")).to_contain_text("записан", timeout=10_000)


async def test_graphiqls_dialogs_and_hints_keep_the_policy(site: Site, chromium: Browser):
    async with looking(site, chromium, color_scheme="dark") as visitor:
        page = await visitor.open("/graphiql?example=book")
        await page.get_by_label("Show Documentation Explorer").click()
        await page.get_by_text("Root Types").wait_for()
        for dialog in ("Open settings dialog", "Open short keys dialog"):
            await page.get_by_label(dialog).click()
            await page.get_by_role("dialog").wait_for()
            await page.keyboard.press("Escape")
            await page.get_by_role("dialog").wait_for(state="hidden")
        await page.locator(".graphiql-query-editor .CodeMirror").click()
        await page.keyboard.press("Control+End")
        await page.keyboard.type("query X { ")
        await page.keyboard.press("Control+Space")
        await page.locator(".CodeMirror-hints").wait_for()


async def test_on_a_phone_nothing_is_wider_than_the_screen(site: Site, chromium: Browser):
    async with looking(site, chromium, viewport={"width": 360, "height": 740}) as visitor:
        page = await visitor.open("/")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_the_page_can_be_read_without_scripts(site: Site, chromium: Browser):
    async with looking(site, chromium, java_script_enabled=False) as visitor:
        page = await visitor.open("/")
        code = page.locator('[data-login="anna@example.org"] [data-code]')
        await expect(code).to_have_text(re.compile(r"^\d{3} \d{3}$"))
