"""Text from outside: kept exactly, or refused by the field's name."""

from domain.errors import InvalidInput


def text(value: str, field: str, longest: int) -> str:
    """Return a text that both databases keep exactly.

    Raises:
        InvalidInput: empty, too long, or with NUL or lone surrogates in it.
    """
    if not value.strip() or len(value) > longest or "\0" in value or not _encodable(value):
        raise InvalidInput(field)
    return value


def optional_text(value: str | None, field: str, longest: int) -> str | None:
    """Return a text or None."""
    return None if value is None else text(value, field, longest)


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
