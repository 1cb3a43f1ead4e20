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

_SCROLL_LOCK: Final = "'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='"

GRAPHIQL: Final = Policy(
    f"{_CLOSED}; script-src 'self'; style-src 'self' {_SCROLL_LOCK}; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'"
)
"""GraphiQL 3.8.3, found by trying: no inline script, no eval; the fonts are `data:` in its stylesheet; CodeMirror
sets its styles by the object model, which no policy forbids; and the one `<style>` it adds, by which Radix keeps the
page from scrolling behind a dialog, is always the same, so that its hash does and 'unsafe-inline' isn't needed."""

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
