"""What payloads and events have in common: references that the selection turns into objects."""

from typing import Any, Self


class Payload:
    """A payload or an event: plain values, and references by attribute."""

    as_of: str | None = None

    def refer(self, **keys: tuple[int, ...]) -> Self:
        """Say which rows the payload's objects are."""
        object.__setattr__(self, "_keys", keys)
        return self

    def key(self, attribute: str) -> tuple[int, ...] | None:
        """Return the key of an object, or None if there is none."""
        keys: dict[str, tuple[int, ...]] = getattr(self, "_keys", {})
        return keys.get(attribute)

    def put(self, loaded: dict[str, Any]) -> None:
        """Keep what was loaded, by response key."""
        object.__setattr__(self, "_loaded", loaded)

    def loaded(self, response_key: str) -> Any:
        """Return an object."""
        found: dict[str, Any] = getattr(self, "_loaded", {})
        return found.get(response_key)
