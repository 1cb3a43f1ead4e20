"""The browser's session over real sockets."""

import json

import pytest

from tests.web.conftest import Site

pytestmark = pytest.mark.anyio


async def test_a_session_opens_with_both_factors_in_a_cookie_that_no_script_reads(site: Site):
    async with site.browser() as visitor:
        response = await visitor.http.post("/session", json=await visitor.credentials())
        assert set(response.json()) == {"csrfToken", "expiresAt"}
        cookie = response.headers["set-cookie"].lower()
        assert cookie.startswith("session=mk_")
        assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
        assert response.headers["cache-control"] == "no-store"
        assert await visitor.viewer(response.json()["csrfToken"]) == "Анна Смирнова"


async def test_a_page_gets_the_csrf_token_of_its_session_again(site: Site):
    async with site.browser() as visitor:
        csrf = await visitor.sign_in()
        assert (await visitor.http.get("/session")).json() == {"csrfToken": csrf}


async def test_nobody_has_no_session(site: Site):
    async with site.browser() as visitor:
        response = await visitor.http.get("/session")
        assert (response.status_code, response.json()["error"]["code"]) == (401, "NOT_SIGNED_IN")


async def test_signing_out_ends_the_session_and_takes_the_cookie(site: Site):
    async with site.browser() as visitor:
        csrf = await visitor.sign_in()
        token = visitor.http.cookies["session"]
        response = await visitor.http.delete("/session", headers={"X-CSRF-Token": csrf})
        assert response.json() == {"ended": True}
        assert "session" not in visitor.http.cookies
        assert (await visitor.http.get("/session", headers={"Cookie": f"session={token}"})).status_code == 401


async def test_a_step_up_gives_the_browser_a_new_token_and_kills_the_old_one(site: Site):
    async with site.browser() as visitor:
        csrf = await visitor.sign_in()
        old = visitor.http.cookies["session"]
        code = {"code": (await visitor.credentials())["code"]}
        assert (await visitor.http.put("/session", json=code)).status_code == 403
        response = await visitor.http.put("/session", json=code, headers={"X-CSRF-Token": csrf})
        assert set(response.json()) == {"csrfToken"}
        assert visitor.http.cookies["session"] != old
        assert await visitor.viewer(response.json()["csrfToken"]) == "Анна Смирнова"
        assert (await visitor.http.get("/session", headers={"Cookie": f"session={old}"})).status_code == 401


async def test_signing_out_without_the_csrf_token_is_refused_and_ends_nothing(site: Site):
    async with site.browser() as visitor:
        csrf = await visitor.sign_in()
        for sent in ({}, {"X-CSRF-Token": "0" * 64}):
            assert (await visitor.http.delete("/session", headers=sent)).status_code == 403
        assert await visitor.viewer(csrf) == "Анна Смирнова"


async def test_a_token_that_was_planted_is_never_adopted(site: Site):
    async with site.browser() as visitor:
        visitor.http.cookies.set("session", "mk_planted", domain="127.0.0.1")
        await visitor.sign_in()
        async with site.browser(cookie="session=mk_planted") as thief:
            assert (await thief.http.get("/session")).status_code == 401


async def test_a_new_sign_in_ends_the_browsers_former_session(site: Site):
    async with site.browser() as visitor:
        await visitor.sign_in()
        former = visitor.http.cookies["session"]
        await visitor.sign_in("boris@example.org")
        assert visitor.http.cookies["session"] != former
        async with site.browser(cookie=f"session={former}") as old:
            assert (await old.http.get("/session")).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1.evil.test"},
    ],
)
async def test_another_sites_page_neither_signs_in_nor_out(site: Site, headers: dict[str, str]):
    async with site.browser() as visitor:
        csrf = await visitor.sign_in()
        signing_in = await visitor.http.post("/session", json=await visitor.credentials(), headers=headers)
        signing_out = await visitor.http.delete("/session", headers={"X-CSRF-Token": csrf, **headers})
        assert [signing_in.status_code, signing_out.status_code] == [403, 403]
        assert await visitor.viewer(csrf) == "Анна Смирнова"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_form_can_send_is_refused(site: Site, kind: str):
    async with site.browser() as visitor:
        response = await visitor.http.post("/session", content=b'{"login": "a"}', headers={"content-type": kind})
        assert (response.status_code, response.json()["error"]["code"]) == (415, "INVALID_INPUT")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"{", "body"),
        (b'{"login": "' + b"a" * 20_000 + b'"}', "body"),
        (b"{}", "login"),
        (b'{"login": 7, "password": "x", "code": "1"}', "login"),
        (b'{"login": "x", "password": null, "code": "1"}', "password"),
        (b'{"login": "x", "password": "x"}', "code"),
    ],
)
async def test_a_malformed_sign_in_names_the_field_at_fault(site: Site, body: bytes, field: str):
    async with site.browser() as visitor:
        response = await visitor.http.post("/session", content=body, headers={"content-type": "application/json"})
        assert response.status_code == 400
        assert (response.json()["error"]["code"], response.json()["error"]["field"]) == ("INVALID_INPUT", field)


async def test_wrong_credentials_are_refused_in_the_readers_language(site: Site):
    sent = {"login": "nobody@example.org", "password": "wrong", "code": "000000"}
    async with site.browser() as visitor:
        russian = await visitor.http.post("/session", json=sent)
        english = await visitor.http.post("/session", json=sent, headers={"accept-language": "en-GB,ru;q=0.5"})
    assert [russian.status_code, english.status_code] == [401, 401]
    assert russian.json()["error"]["message"] == "Неверный логин, пароль или код."
    assert english.json()["error"]["message"] == "The login, the password or the code is wrong."
    assert "set-cookie" not in russian.headers


async def test_a_code_works_once(site: Site):
    async with site.browser() as visitor:
        sent = await visitor.credentials("support@example.org")
        answers = [(await visitor.http.post("/session", json=sent)).status_code for _ in range(2)]
    assert answers == [200, 401]


async def test_too_many_tries_have_to_wait(site: Site):
    sent = {"login": "tried@example.org", "password": "wrong", "code": "000000"}
    async with site.browser() as visitor:
        answers = [await visitor.http.post("/session", json=sent) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["error"]["code"] == "TOO_MANY_ATTEMPTS"
    assert answers[-1].headers["retry-after"] == "60"


async def test_half_a_character_opens_no_session(site: Site):
    async with site.browser() as visitor:
        right = await visitor.credentials()
        for part in right:
            body = json.dumps({**right, part: "\ud800"})
            response = await visitor.http.post("/session", content=body, headers={"Content-Type": "application/json"})
            assert (response.status_code, response.json()["error"]["code"]) == (401, "WRONG_CREDENTIALS")
