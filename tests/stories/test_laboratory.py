"""The second story of DESIGN.md: a laboratory's message becomes an alert on two screens."""

import httpx2
import pytest

from tests.integrations.hl7.wire import oru
from tests.stories.conftest import Place

pytestmark = pytest.mark.anyio

ALERT = """subscription($after: String) { abnormalResultArrived(after: $after) { report { title observations { nodes {
  value unit flag analyte { code } referenceRange { low high }
} } } } }"""
OPENED = "{ viewer { patient { accessLog(first: 20) { nodes { action actor { name } } } } } }"


async def test_an_oru_by_http_alerts_the_patient_and_the_doctor(place: Place) -> None:
    anna, doctor, lab = await place.token("anna"), await place.token("doctor"), await place.token("lab")
    before = (await place.ask("{ asOf }", anna))["asOf"]
    watching = place.screen(ALERT, anna, after=before), place.screen(ALERT, doctor, after=before)
    async with watching[0] as patients, watching[1] as doctors:
        answer = await send(place, lab)
        assert (answer.status_code, b"MSA|AA|C1" in answer.content) == (200, True)
        seen = (await patients.next())["abnormalResultArrived"]["report"]["observations"]["nodes"]
        assert seen == [
            {
                "value": "6.9",
                "unit": "mmol/L",
                "flag": "HIGH",
                "analyte": {"code": "2823-3"},
                "referenceRange": {"low": "3.5", "high": "5.1"},
            }
        ]
        assert (await doctors.next())["abnormalResultArrived"]["report"]["observations"]["nodes"] == seen


async def test_the_patient_sees_who_filed_and_who_looked(place: Place) -> None:
    anna, lab = await place.token("anna"), await place.token("lab")
    await send(place, lab)
    entries = (await place.ask(OPENED, anna))["viewer"]["patient"]["accessLog"]["nodes"]
    assert {"action": "result:receive", "actor": {"name": "Account of lab"}} in entries


async def test_a_patient_may_not_play_the_laboratory(place: Place) -> None:
    anna = await place.token("anna")
    assert (await send(place, anna)).status_code == 403


async def send(place: Place, token: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/hl7-v2"}
    return await place.http.post("/hl7", content=oru(), headers=headers)
