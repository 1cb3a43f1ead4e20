"""Encounter → a visit or a stay."""

from domain.record import NOWHERE, Coded, EncounterSent, EncounterStatus, Link
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import concepts


def encounter(entries: Entries, entry: Entry) -> EncounterSent:
    """Return the encounter."""
    element = entry.element
    status = element.bound(element.needed("status"), "status", EncounterStatus)
    setting = element.child("class")
    if setting is None:
        raise element.broken("class", "is missing")
    code = setting.text("code") or setting.text("display") or "UNKNOWN"
    kinds = concepts(element, "type")
    reasons = concepts(element, "reasonCode")
    period = element.child("period")
    return EncounterSent(
        place=entry.place,
        source=entry.source,
        status=status,
        kind=kinds[0] if kinds else Coded(setting.text("display") or code, code, setting.text("system")),
        setting=code,
        at=period.moment("start") if period else None,
        ended_at=period.moment("end") if period else None,
        reason=reasons[0] if reasons else None,
        practitioner=_practitioner(entries, entry),
        organization=entries.link(entry, element.child("serviceProvider")),
    )


def _practitioner(entries: Entries, entry: Entry) -> Link:
    """Return the first participant who treats; a relative who came along isn't one."""
    for participant in entry.element.children("participant"):
        individual = participant.child("individual")
        if individual is None:
            continue
        found = entries.resolve(entry, individual)
        kind = found.type if found else individual.text("type") or individual.text("reference") or "Practitioner"
        if "Practitioner" in kind or kind.startswith("urn:"):
            return entries.link(entry, individual)
    return NOWHERE
