"""The population registry: a port, the demonstration's own registry behind it."""

from typing import Final, NamedTuple, Protocol

from domain.registration import PersonalData


class Answer(NamedTuple):
    """What a registry says."""

    known: bool
    disagreeing: tuple[str, ...] = ()
    """Fields, as the schema spells them."""


class Registry(Protocol):
    """Says whether a person's data are right."""

    @property
    def name(self) -> str:
        """What people read of where their data were matched."""

    async def match(self, person: PersonalData) -> Answer:
        """Return what disagrees.

        Raises:
            Exception: it doesn't answer; it is asked again.
        """


class DemoRegistry:
    """Agrees with everybody but three surnames, so that the demonstration can show every way."""

    name = "Демонстрационный реестр"
    DISAGREES: Final = "Несовпадов"
    UNKNOWN: Final = "Неизвестнов"
    AWAY: Final = "Недоступнов"

    async def match(self, person: PersonalData) -> Answer:
        """Return what disagrees."""
        surname = person.family.removesuffix("а")
        if surname == self.AWAY:
            raise ConnectionError("the demonstration's registry is away")
        if surname == self.UNKNOWN:
            return Answer(known=False)
        return Answer(True, ("birthDate", "passport") if surname == self.DISAGREES else ())
