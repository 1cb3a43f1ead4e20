"""The machines' door: FHIR and HL7 v2 by HTTP, and HL7 v2 by MLLP where a listener is configured."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

import integrations.fhir.http
import integrations.hl7.http
from actions import messages
from integrations.hl7.intake import Intake
from integrations.hl7.mllp import Limits, Listener, Listening, server_tls
from server.settings import Mllp, Settings
from server.wiring import House


@asynccontextmanager
async def machines(house: House, settings: Settings) -> AsyncGenerator[Sequence[BaseRoute]]:
    """Listen to laboratories; yield the routes of partners.

    Raises:
        ValueError: the listener's partner isn't known, or it would listen in the clear off loopback.
    """
    intake = Intake(house.app)
    listener = await _listener(house, settings.mllp, intake) if settings.mllp else None
    if listener is not None:
        await listener.start()
    try:
        yield [
            *integrations.fhir.http.routes(house.app, trusted_proxy=settings.trusted_proxy),
            *integrations.hl7.http.routes(house.app, intake, trusted_proxy=settings.trusted_proxy),
        ]
    finally:
        if listener is not None:
            await listener.stop()


async def _listener(house: House, wanted: Mllp, intake: Intake) -> Listener:
    async with house.app.store.snapshot() as snapshot:
        partner = await messages.partner_named(snapshot, wanted.partner)
    if partner is None:
        raise ValueError("MEDKABINET_MLLP names a partner that has no account")
    tls = None
    if wanted.certificate and wanted.private_key:
        tls = server_tls(wanted.certificate, wanted.private_key, wanted.clients)
    listening = Listening(wanted.host, wanted.port, partner, tls=tls, behind_tls=wanted.behind_tls)
    return Listener(intake, listening, Limits())
