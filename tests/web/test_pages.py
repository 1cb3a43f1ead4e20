"""Pages and files: languages, headers, escaping."""

import hashlib
import re
from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from tests.conftest import Account
from tests.web.conftest import Site
from web.demo import Demo, DemoPerson
from web.door import WebSettings
from web.pages import STATIC, routes
from web.rendering import first_page

pytestmark = pytest.mark.anyio
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/graphiql", "/static/app/page.js", "/session", "/demo/codes"])
async def test_every_answer_forbids_framing_sniffing_and_foreign_content(site: Site, path: str):
    async with site.browser() as visitor:
        response = await visitor.http.get(path)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    assert {name: response.headers[name] for name in EVERYWHERE} == EVERYWHERE


@pytest.mark.parametrize("path", ["/", "/graphiql"])
async def test_pages_have_nothing_inline_and_load_nothing_from_elsewhere(site: Site, path: str):
    async with site.browser() as visitor:
        page = (await visitor.http.get(path)).text
    assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|\son\w+=|\sstyle=", page)
    assert not re.search(r"""(src|href)=["'](?!/|#)""", page)


async def test_the_first_page_is_russian_unless_english_is_asked_for(site: Site):
    async with site.browser() as visitor:
        told = [
            (await visitor.http.get(path, headers=headers)).headers["content-language"]
            for path, headers in [
                ("/", {}),
                ("/", {"accept-language": "de, en;q=0.8, ru;q=0.2"}),
                ("/", {"accept-language": "en;q=nonsense"}),
                ("/?lang=ru", {"accept-language": "en"}),
                ("/?lang=en", {"accept-language": "ru"}),
            ]
        ]
    assert told == ["ru", "en", "ru", "ru", "en"]


async def test_files_are_found_by_name_alone(site: Site):
    async with site.browser() as visitor:
        paths = ["/static/app/page.css", "/static/../pages.py", "/static/%2e%2e/pages.py", "/static/app"]
        assert [(await visitor.http.get(path)).status_code for path in paths] == [200, 404, 404, 404]


def test_graphiql_is_what_npm_published():
    folder = STATIC / "graphiql"
    listed = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert listed == {path.name: _sha256(path) for path in folder.iterdir() if path.suffix in (".js", ".css")}


def test_names_are_text_wherever_they_stand():
    evil = "</script><b>x"
    person = DemoPerson(evil, evil, evil, evil, evil, evil, evil, lambda: "123456")
    page = first_page("en", WebSettings(), Demo([person], _nothing, [], clock=_no_clock), cookie=False)
    assert "<b>" not in page
    assert page.count("</script>") == 3


async def test_without_a_demo_there_is_a_form_and_no_help(account: Account):
    plain = routes(account.app, WebSettings())
    assert [route.path for route in plain if isinstance(route, Route | Mount)] == [
        "/",
        "/static",
        "/session",
        "/calendars/visits/{patient:int}/{visit:int}.ics",
        "/calendars/busy/{practitioner:int}.ics",
        "/calendars/{secret}.ics",
        "/copies/{patient:int}/{copy:int}",
        "/scans/{scan:int}",
        "/requests/{patient:int}.csv",
    ]
    page = first_page("ru", WebSettings(), None, cookie=False)
    assert 'id="sign-in"' in page
    assert "data-code" not in page


def test_behind_tls_the_cookie_belongs_to_the_host_alone():
    assert WebSettings(behind_tls=True).cookie == "__Host-session"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def _nothing() -> None:
    return None


def _no_clock() -> None:
    raise AssertionError
