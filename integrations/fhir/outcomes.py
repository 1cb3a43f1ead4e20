"""What a FHIR client gets back: a transaction-response, or an OperationOutcome that names the place and no value."""

from typing import Any, Final

from actions.importing import Change, Tally
from domain.errors import Forbidden, NotSignedIn, PatientAmbiguous, PatientUnknown, Refusal
from domain.record import BundleSent

Json = dict[str, Any]
STATUS: Final = {
    Change.CREATED: "201 Created",
    Change.CHANGED: "200 OK",
    Change.UNCHANGED: "200 OK",
    Change.WITHDRAWN: "200 OK",
}
LEFT_OUT: Final = "202 Accepted"
"""Seen, and not kept: the outcome beside it says why."""
ISSUES: Final[dict[type[Refusal], tuple[int, str]]] = {
    NotSignedIn: (401, "login"),
    Forbidden: (403, "forbidden"),
    PatientUnknown: (422, "not-found"),
    PatientAmbiguous: (422, "multiple-matches"),
}
"""HTTP status and FHIR's IssueType of refusals; any other is 422 and `processing`."""


def outcome(code: str, text: str, place: str | None = None, severity: str = "error") -> Json:
    """Return an OperationOutcome."""
    issue: Json = {"severity": severity, "code": code, "diagnostics": text}
    if place is not None:
        issue["expression"] = [place]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def refused(refusal: Refusal) -> tuple[int, Json]:
    """Return the status and the outcome of a refusal."""
    status, code = ISSUES.get(type(refusal), (422, "processing"))
    return status, outcome(code, f"{refusal.code}: {refusal.message('en')}", refusal.field)


def response(bundle: BundleSent, tally: Tally) -> Json:
    """Return a transaction-response with an entry for each entry of the request, in its order."""
    changes = tally.changes()
    reasons = {left.place: left.reason for left in bundle.left_out}
    entries = [_entry(changes.get(place), reasons.get(place, "is not kept by itself")) for place, _ in bundle.entries]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


def _entry(change: Change | None, reason: str) -> Json:
    if change is not None:
        return {"response": {"status": STATUS[change]}}
    return {"response": {"status": LEFT_OUT, "outcome": outcome("not-supported", reason, severity="warning")}}
