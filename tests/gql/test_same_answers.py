"""The property that the two emitters rest on: for any document and any person, both give the same bytes."""

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql import api as engine
from gql.assembled import strawberry_schema
from gql.exchange import Request
from tests.gql.documents import Drawn, documents, placed
from tests.gql.test_emitter import filled as filled  # the fixture
from tests.house import Account

pytestmark = pytest.mark.anyio
EXAMPLES = int(os.environ.get("EXAMPLES", "150"))
PEOPLE = [
    None,
    "anna",
    "boris",
    "newcomer",
    "doctor",
    "other_doctor",
    "reviewer",
    "admin",
    "security",
    "operator",
    "lab",
]
EVERY_ID = """{ viewer { patient { id appointments { nodes { id } } observations { nodes { id } edges { cursor } }
  reports { nodes { id } } policies { nodes { id } edges { cursor } } } } practitioners { nodes { id } edges { cursor } } }"""
SCHEMA = strawberry_schema()._schema
COUNTED = {"emitted": 0, "walked": 0}


def found(value: Any, name: str) -> list[str]:
    """Return every value of a key in an answer."""
    if isinstance(value, list):
        return [text for item in value for text in found(item, name)]
    if not isinstance(value, dict):
        return []
    here = [value[name]] if isinstance(value.get(name), str) else []
    return here + [text for item in value.values() for text in found(item, name)]


@pytest.fixture
async def known(filled: Account) -> tuple[list[str], list[str]]:
    """Return real ids and cursors, and some that are none."""
    people = [await filled.run(EVERY_ID, who) for who in ("anna", "boris")]
    ids = [*sorted({i for answer in people for i in found(answer, "id")}), "", "nonsense", "UGF0aWVudDo5OTk6OTk5"]
    cursors = sorted({c for answer in people for c in found(answer, "cursor")})[:6]
    return ids, cursors


def timeless(body: bytes) -> bytes:
    """Return an answer without its moment: to read another's record is an event, which moves it."""
    as_of = json.loads(body).get("extensions", {}).get("asOf")
    return body.replace(f'"{as_of}"'.encode(), b'"now"') if as_of else body


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)
@given(drawn=documents(SCHEMA), who=st.sampled_from(PEOPLE))
async def test_the_emitter_and_the_walk_give_the_same_bytes(
    filled: Account, known: Any, drawn: Drawn, who: str | None
) -> None:
    document = placed(drawn, *known)
    request = Request(document.text, variables=document.variables)
    caller = await filled.caller(who)
    real = engine._emitted

    def counting(*given: Any) -> bytes | None:
        answer = real(*given)
        COUNTED["walked" if answer is None else "emitted"] += 1
        return answer

    engine._emitted = counting
    try:
        emitted = await filled.api.execute(request, caller)
        engine._emitted = lambda *_: None
        walked = await filled.api.execute(request, caller)
    finally:
        engine._emitted = real
    assert timeless(emitted.body) == timeless(walked.body), document.text
    assert "INTERNAL" not in emitted.body.decode(), json.loads(emitted.body)


def test_the_property_was_not_vacuous() -> None:
    """A good part was really answered by the emitter; runs after the property, in one process with it."""
    if sum(COUNTED.values()):
        assert COUNTED["emitted"] > 0.2 * sum(COUNTED.values()), COUNTED
