import re

import pytest

from security import tokens


def test_a_token_is_256_random_bits_with_a_prefix():
    first, second = tokens.new_token(), tokens.new_token()
    assert re.fullmatch(r"mk_[A-Za-z0-9_-]{43}", first)
    assert first != second


def test_a_token_is_stored_as_its_sha_256():
    assert tokens.digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_anti_forgery_token_follows_from_the_session_token_and_shows_nothing_of_it():
    token = tokens.new_token()
    csrf = tokens.csrf_token(token)
    assert csrf == tokens.csrf_token(token)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", csrf)
    assert csrf not in token
    assert tokens.csrf_ok(token, csrf)


@pytest.mark.parametrize("sent", ["", "mk_", "кириллица", "\ud800", "a" * 10_000])
def test_anything_else_is_refused(sent):
    assert tokens.csrf_ok(tokens.new_token(), sent) is False


def test_another_sessions_token_is_refused():
    assert tokens.csrf_ok(tokens.new_token(), tokens.csrf_token(tokens.new_token())) is False


def test_a_hostile_session_token_has_a_digest_like_any_other():
    assert len(tokens.digest("\ud800")) == 32
