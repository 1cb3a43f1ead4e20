"""The first account of a new place, made by command."""

import asyncio
import re
from pathlib import Path

import pyotp
import pytest
from typer.testing import CliRunner

from server.__main__ import app
from server.settings import Settings
from server.wiring import house, migrated
from tests.server.test_serving import environment

ASKED = ["make-account", "chief@clinic.example", "--role", "ADMINISTRATOR", "--organization", "Клиника"]
SIGN_IN = """mutation($l: String!, $p: String!, $c: String!) {
  signIn(input: {login: $l, password: $p, code: $c}) { token errors { code } } }"""


def test_a_made_account_signs_in_with_what_it_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    settings = Settings.of_environment()
    asyncio.run(migrated(settings))
    told = CliRunner().invoke(app, ASKED)
    assert told.exit_code == 0, told.output
    password = re.search(r"password  (\S+)", told.output)[1]
    code = pyotp.parse_uri(re.search(r"otpauth:\S+", told.output)[0]).now()
    assert asyncio.run(signed_in(settings, "chief@clinic.example", password, code))


async def signed_in(settings: Settings, login: str, password: str, code: str) -> bool:
    from gql.exchange import Caller, Request

    async with house(settings) as stands:
        request = Request(SIGN_IN, variables={"l": login, "p": password, "c": code})
        return b'"errors":[]' in (await stands.api.execute(request, Caller())).body
