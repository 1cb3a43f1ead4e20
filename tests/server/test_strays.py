"""Requests that no door answers."""

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.settings import Settings
from server.wiring import House
from tests.serving import Clock, served
from tests.stories.conftest import Place
from tests.stories.conftest import place as place

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("POST", "/graphql/x", 404, "NOT_FOUND"),
        ("PATCH", "/session", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/hl7", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/healthz", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_an_address_that_there_is_not(place: Place, method: str, path: str, status: int, code: str) -> None:
    answer = await place.http.request(method, path, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": code}
    assert error["message"].startswith("Th")
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_door_that_fails_says_nothing_of_why(settings: Settings) -> None:
    async def fails(request: Request) -> Response:
        raise ValueError("Иванов И. И., диагноз")

    async def doors(stands: House) -> list[BaseRoute]:
        return [Route("/fails", fails)]

    async with served(settings, Clock(), doors) as url, httpx2.AsyncClient(base_url=url) as http:
        answer = await http.get("/fails")
    assert answer.status_code == 500
    assert answer.json() == {"errors": [{"message": "Внутренняя ошибка.", "extensions": {"code": "INTERNAL"}}]}
