"""What browsers are told to forbid: a strict policy a kind of answer."""

from collections.abc import Mapping
from typing import Final, NewType

Policy = NewType("Policy", str)

_CLOSED: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

DATA: Final = Policy(_CLOSED)
"""JSON and files: nothing is loaded by them, whoever opens them."""

PAGE: Final = Policy(
    f"{_CLOSED}; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Our own pages: our own files only, nothing inline, and no string becomes markup."""

GRAPHIQL: Final = Policy(
    f"{_CLOSED}; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'"
)
"""GraphiQL 3.8.3: fonts are `data:` in its stylesheet; CodeMirror sets styles as attributes and the dialogs of
Radix add a `<style>`, which no nonce reaches. Scripts stay as strict as elsewhere: no inline, no eval."""

_ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}


def headers_for(policy: Policy, *, behind_tls: bool = False) -> Mapping[str, str]:
    """Return the security headers of an answer."""
    headers = {"content-security-policy": policy, **_ALWAYS}
    if behind_tls:
        headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    return headers
