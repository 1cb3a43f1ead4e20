"""Filing what another record system sends: once, with the right person, in one transaction a bundle."""

from actions.importing.bundle import take
from actions.importing.tally import Change, Filed, Tally

__all__ = ["Change", "Filed", "Tally", "take"]
