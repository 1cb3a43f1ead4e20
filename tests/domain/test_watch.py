"""The rules for unusual activity, each at its bound."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.watch import AlertKind, Limit, Places, Seen, Watch, kilometres

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def seen(seconds: float = 0, **given: object) -> Seen:
    values = {
        "action": "record:read",
        "outcome": "DONE",
        "account_id": 1,
        "patient_id": 7,
        "address": "192.0.2.1",
        "ground": "TREATS",
    } | given
    return Seen(NOON + timedelta(seconds=seconds), **values)  # type: ignore[arg-type]


def kinds(watch: Watch, entries: list[Seen]) -> list[tuple[AlertKind, int | None, int]]:
    return [tuple(finding) for entry in entries for finding in watch.see(entry)]


@pytest.mark.parametrize(("people", "found"), [(59, []), (60, [(AlertKind.UNRELATED_RECORDS, 1, 60)])])
def test_sixty_peoples_records_in_an_hour_are_unusual(people: int, found: list[object]) -> None:
    assert kinds(Watch(), [seen(n, patient_id=n) for n in range(people)]) == found


def test_one_persons_record_opened_a_hundred_times_is_not() -> None:
    assert kinds(Watch(), [seen(n) for n in range(100)]) == []


def test_what_lies_outside_the_rules_time_does_not_count() -> None:
    assert kinds(Watch(), [seen(n * 100, patient_id=n) for n in range(100)]) == []


def test_a_laboratorys_system_may_read_of_many() -> None:
    assert kinds(Watch(), [seen(n, patient_id=n, ground="PARTNER") for n in range(100)]) == []


def test_an_alert_is_raised_once_within_its_rules_time() -> None:
    watch = Watch()
    refused = [seen(n, outcome="REFUSED", action="field:ask") for n in range(40)]
    assert kinds(watch, refused) == [(AlertKind.REPEATED_REFUSALS, 1, 15)]
    again = [seen(700 + n, outcome="REFUSED", action="field:ask") for n in range(15)]
    assert kinds(watch, again) == [(AlertKind.REPEATED_REFUSALS, 1, 15)]


def test_five_accounts_tried_from_one_address_are_brute_force() -> None:
    tries = [seen(n, action="session:sign-in", outcome="REFUSED", account_id=n, patient_id=None) for n in range(5)]
    assert kinds(Watch(), tries) == [(AlertKind.BRUTE_FORCE, None, 5)]


def test_one_accounts_password_tried_ten_times_is_guessing() -> None:
    tries = [
        seen(n, action="session:sign-in", outcome="REFUSED", address=f"198.51.{n}.1", patient_id=None)
        for n in range(10)
    ]
    assert (AlertKind.PASSWORD_GUESSING, 1, 10) in kinds(Watch(), tries)


def test_five_peoples_copies_in_an_hour_are_a_mass_export() -> None:
    fetched = [seen(n, action="record:download", patient_id=n, ground="REPRESENTS") for n in range(5)]
    assert kinds(Watch(), fetched) == [(AlertKind.MASS_EXPORT, 1, 5)]


@pytest.mark.parametrize(("hours", "found"), [(8.0, 0), (2.0, 1)])
def test_moscow_and_vladivostok_are_eight_hours_apart(hours: float, found: int) -> None:
    places = Places(["# towns", "192.0.2.0/24,55.75,37.62", "198.51.100.0/24,43.12,131.89", "2001:db8::/32,0,0"])
    entries = [seen(), seen(hours * 3600, address="198.51.100.9")]
    raised = kinds(Watch(places=places), entries)
    assert [kind for kind, _, _ in raised] == [AlertKind.IMPOSSIBLE_TRAVEL] * found


def test_distances_are_right() -> None:
    assert round(kilometres((55.75, 37.62), (59.94, 30.31))) == 635


def test_a_rule_set_to_none_is_off() -> None:
    watch = Watch({AlertKind.REPEATED_REFUSALS: Limit(0, 600)})
    assert kinds(watch, [seen(n, outcome="REFUSED", action="field:ask") for n in range(40)]) == []


def test_four_networks_within_ten_minutes_are_unusual() -> None:
    entries = [seen(n, address=f"10.{n}.0.1", ground="OWN") for n in range(4)]
    assert kinds(Watch(), entries) == [(AlertKind.MANY_NETWORKS, 1, 4)]
