"""What the first page is helped with: people with their codes, a laboratory to play, examples."""

from typing import Final

from actions import results
from actions import sessions as signing
from actions.app import App
from actions.call import Call
from actions.sending import Outbox
from domain.results import ObservationSent, ReportSent, ReportStatus
from persistence import accounts, sessions
from security.tokens import digest, new_token
from security.totp import code_at
from server.demo.cards import CARDS, Card
from server.demo.examples import examples_of
from server.demo.history import person_named
from server.demo.people import PASSWORD, PERSONAS
from web.demo import Demo, DemoPerson

LABORATORY: Final = "lab@example.org"
DANGEROUS: Final = ("6.4", "6.6", "6.8", "7.1")
"""Potassium, mmol/L: above 6.2 laboratories call at once."""


async def demo_of(app: App) -> Demo:
    """Return the help for a database that the demonstration filled."""
    people = [await _person(app, card) for card in CARDS]
    outbox = app.sender.shown if isinstance(app.sender, Outbox) else tuple
    return Demo(people, Laboratory(app).play, examples_of(app), clock=app.store.clock, outbox=outbox)


async def _person(app: App, card: Card) -> DemoPerson:
    async with app.store.snapshot() as snapshot:
        found = await accounts.by_name(snapshot, card.login)
    if found is None:
        raise LookupError(card.login)
    secret, clock = found[1].totp_secret, app.store.clock
    name = next(persona.name for persona in PERSONAS if persona.login == card.login)
    return DemoPerson(
        name,
        card.role_ru,
        card.role_en,
        card.about_ru,
        card.about_en,
        card.login,
        PASSWORD,
        lambda: code_at(secret, clock()),
        card.group,
    )


class Laboratory:
    """The demo's laboratory, signed in for the moment of sending."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._sent = 0

    async def play(self) -> None:
        """Send Anna a potassium that a doctor must see at once."""
        call = await self._signed_in()
        now = self._app.store.clock()
        value = DANGEROUS[self._sent % len(DANGEROUS)]
        self._sent += 1
        observed = (
            ObservationSent("2823-3", "Калий", value, "mmol/L", "3.5", "5.1", "HH", now),
            ObservationSent("2951-2", "Натрий", "139", "mmol/L", "136", "145", "N", now),
            ObservationSent("14682-9", "Креатинин", "96", "umol/L", "44", "80", "H", now),
        )
        study = f"cito-{now:%y%m%d-%H%M%S%f}"
        report = ReportSent(study, "Электролиты крови, срочно", ReportStatus.FINAL, now, observed)
        await results.receive(call, person=person_named("anna"), report=report)
        await signing.sign_out(call)

    async def _signed_in(self) -> Call:
        token = new_token()
        async with self._app.store.begin() as tx:
            found = await accounts.by_name(tx, LABORATORY)
            assert found is not None, "the demo is whole"
            await sessions.start(tx, found[0].id, digest(token))
        return Call(self._app, digest(token), "127.0.0.1", "demo", "playLaboratory")
