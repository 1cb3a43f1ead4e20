from asyncio import gather

import pytest

from security.passwords import CHEAP, PasswordCost, Passwords, UnusablePassword, normalised

pytestmark = pytest.mark.anyio


@pytest.fixture
def passwords():
    made = Passwords(CHEAP)
    yield made
    made.close()


async def test_a_password_is_verified_by_its_own_hash_only(passwords):
    stored = await passwords.hash("лошадь скрепка")
    answers = await gather(passwords.verify("лошадь скрепка", stored), passwords.verify("лошадь скрепкА", stored))
    assert answers == [True, False]


async def test_the_hash_is_argon2id_with_the_cost_and_a_salt_of_its_own(passwords):
    first, second = await gather(passwords.hash("one"), passwords.hash("one"))
    assert first.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert first != second


async def test_the_default_cost_is_owasps():
    passwords = Passwords()
    assert (await passwords.hash("one")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    passwords.close()


async def test_composed_and_decomposed_letters_are_the_same_password(passwords):
    assert await passwords.verify("ключ и\u0306од", await passwords.hash("ключ йод"))


async def test_nobody_is_verified_by_no_hash_after_the_same_work(passwords, monkeypatch):
    verified = []
    real = passwords._hasher.verify
    monkeypatch.setattr(passwords._hasher, "verify", lambda *given: verified.append(given[1]) or real(*given))
    assert await passwords.verify("anything", None) is False
    assert verified == [passwords._nobodys]


@pytest.mark.parametrize("password", ["", "a" * 257, "\ufdfa" * 15, "with\0nul", "half \ud800"])
async def test_an_unusable_password_is_not_hashed_and_verifies_nothing(passwords, password):
    with pytest.raises(UnusablePassword) as refused:
        await passwords.hash(password)
    assert str(refused.value) == UnusablePassword.__doc__
    assert await passwords.verify(password, await passwords.hash("-")) is False


async def test_a_broken_hash_verifies_nothing(passwords):
    assert await passwords.verify("one", "not a hash") is False


def test_256_characters_are_a_password():
    assert normalised("я" * 256) == "я" * 256


async def test_a_hash_of_another_cost_needs_a_new_one(passwords):
    stored = await passwords.hash("one")
    dearer = Passwords(PasswordCost(memory=16, passes=1))
    assert (passwords.needs_rehash(stored), dearer.needs_rehash(stored)) == (False, True)
    dearer.close()


async def test_no_more_hashes_run_at_once_than_allowed(monkeypatch):
    from threading import Event, Lock

    passwords, lock, free, counts = Passwords(CHEAP, at_once=2), Lock(), Event(), {"now": 0, "most": 0}

    def slow(password):
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
            if counts["now"] == 2:
                free.set()
        free.wait(5)
        with lock:
            counts["now"] -= 1
        return "hash"

    monkeypatch.setattr(passwords._hasher, "hash", slow)
    assert await gather(*(passwords.hash("one") for _ in range(8))) == ["hash"] * 8
    assert counts["most"] == 2
    passwords.close()
