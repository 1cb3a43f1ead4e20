import base64
from datetime import UTC, datetime, timedelta

import pytest

from security import totp

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
AT = datetime.fromtimestamp(1111111109, UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds, code):
    assert totp.code_at(RFC_SECRET, datetime.fromtimestamp(seconds, UTC)) == code


@pytest.mark.parametrize(("drift", "step"), [(-60, None), (-30, 37037035), (0, 37037036), (30, 37037037), (60, None)])
def test_a_code_is_taken_one_step_early_or_late_at_most(drift, step):
    code = totp.code_at(RFC_SECRET, AT + timedelta(seconds=drift))
    assert totp.matching_step(RFC_SECRET, code, AT) == step


@pytest.mark.parametrize(
    "code", ["", "81804", "0081804", "081804\n", " 081804", "٠٨١٨٠٤", "08180４", "08180a", "-81804", "\ud800"]
)
def test_only_six_ascii_digits_are_a_code(code):
    assert totp.matching_step(RFC_SECRET, code, AT) is None


def test_the_step_of_a_used_code_refuses_its_replay_everywhere_in_the_window():
    code = totp.code_at(RFC_SECRET, AT)
    last = totp.matching_step(RFC_SECRET, code, AT)
    replays = [totp.matching_step(RFC_SECRET, code, AT + timedelta(seconds=late)) for late in (-30, 0, 1, 29, 30)]
    assert [step is None or step <= last for step in replays] == [True] * 5


def test_secrets_have_160_bits_and_differ():
    first, second = totp.new_secret(), totp.new_secret()
    assert len(base64.b32decode(first)) == 20
    assert first != second


def test_the_uri_names_issuer_and_account():
    uri = totp.provisioning_uri(RFC_SECRET, "anna@example.org", "Медкабинет")
    issuer = "%D0%9C%D0%B5%D0%B4%D0%BA%D0%B0%D0%B1%D0%B8%D0%BD%D0%B5%D1%82"
    assert uri == f"otpauth://totp/{issuer}:anna%40example.org?secret={RFC_SECRET}&issuer={issuer}"
