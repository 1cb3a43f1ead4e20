"""One-time codes that are sent, and codes to keep for the day when the phone is lost."""

import re
import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is read wrongly: i, l, o, 0, 1."""
RECOVERY_CODES = 10
_RECOVERY = re.compile(f"[{_LETTERS}]{{5}}-?[{_LETTERS}]{{5}}-?[{_LETTERS}]{{5}}")


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def new_recovery_codes() -> list[str]:
    """Return codes of 74 random bits each, such as `k3x9d-w2m7p-ah5tq`; each works once."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3)) for _ in range(RECOVERY_CODES)
    ]


def recovery_code(text: str) -> str | None:
    """Return a recovery code in its normal form, or None where the text is none."""
    plain = text.strip().lower()
    return plain.replace("-", "") if len(plain) <= 20 and _RECOVERY.fullmatch(plain) else None
