"""The context of one operation, or of one event of a stream: fresh each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actions.call import Call
from actions.reading import Reading
from domain.access import Decision, Rights
from domain.accounts import Viewer


@dataclass(slots=True)
class Context:
    """Who asks, what they may, and what was loaded for them."""

    call: Call
    rights: Rights
    as_of: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What hangs on each root field, by response key."""
    denied: dict[tuple[str, ...], Decision] = field(default_factory=dict)
    bound: Mapping[int, Any] = field(default_factory=dict)
    payloads: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """For each root field of a mutation or subscription, the branches of its payload's references."""
    cost: int = 1
    """The price of the operation: the rows that it may load at most."""

    @classmethod
    def of(cls, call: Call, reading: Reading) -> "Context":
        """Return the context of something that was read."""
        return cls(call, reading.rights, reading.as_of, reading.values)

    @property
    def viewer(self) -> Viewer | None:
        """Return who is signed in."""
        return self.rights.viewer

    def deny(self, path: Sequence[str | int], decision: Decision) -> None:
        """Note a refused field once, whatever row of a list it is in; nothing where the record may not be known."""
        if decision.known and decision.reason is not None:
            self.denied.setdefault(tuple("*" if isinstance(step, int) else step for step in path), decision)

    def denials(self) -> list[dict[str, Any]]:
        """Return `extensions.denied`."""
        return [
            {"path": list(path), "reason": decision.reason, "remedy": decision.remedy}
            for path, decision in self.denied.items()
        ]
