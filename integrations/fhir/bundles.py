"""A bundle's bytes → what it says of whom: pure, nothing is filed here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.record import (
    BundleSent,
    LeftOut,
    LooseObservation,
    OrganizationSent,
    PatientSent,
    PractitionerSent,
    RecordSent,
)
from integrations.fhir import results
from integrations.fhir.allergies import allergy
from integrations.fhir.conditions import condition
from integrations.fhir.documents import document
from integrations.fhir.encounters import encounter
from integrations.fhir.immunizations import immunization
from integrations.fhir.medications import medication
from integrations.fhir.organizations import organization
from integrations.fhir.patients import patient, unseen
from integrations.fhir.practitioners import practitioner
from integrations.fhir.reading import Entries, Entry, read

TOLD: Final[Mapping[str, tuple[str, Callable[[Entries, Entry], Any]]]] = {
    "Encounter": ("encounters", encounter),
    "Condition": ("conditions", condition),
    "AllergyIntolerance": ("allergies", allergy),
    "Immunization": ("immunizations", immunization),
    "MedicationRequest": ("medications", medication),
    "DocumentReference": ("documents", document),
}
"""For each type the record's attribute and the mapper."""
SUBJECT: Final = {"AllergyIntolerance": "patient", "Immunization": "patient"}
"""Where a type names the person, if not in `subject`."""
ALWAYS_ABOUT: Final = frozenset({"Condition", "AllergyIntolerance", "Immunization", "MedicationRequest"})
"""Types whose subject FHIR requires."""
REASONS: Final = {
    "Location": "rooms and wards of an organization are not kept",
    "Medication": "taken with the prescription that refers to it",
    "PractitionerRole": "taken with what refers to it",
}
REPEATED: Final = "stands in the file before"
NO_ROOM: Final = "the record has no place for this type yet"
NO_NAME: Final = "has no name"
NO_CODE: Final = "does not say what it is"
NO_PERSON: Final = "is not about a person"
NO_VALUE: Final = "has no value"
NOT_HERE: Final = "the result that it refers to is not in the file"


def bundle(raw: bytes) -> BundleSent:
    """Return what a bundle says.

    Raises:
        Broken: it can't be taken; says where it is broken, never with what value.
    """
    element, entries = read(raw)
    return _Mapping(entries).done(element.needed("type"))


class _Mapping:
    """One bundle being mapped."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._organizations: list[OrganizationSent] = []
        self._practitioners: list[PractitionerSent] = []
        self._patients: dict[str, PatientSent] = {}
        self._of: dict[str, dict[str, list[Any]]] = {}
        self._left_out: list[LeftOut] = []
        self._measured: dict[str, tuple[str, list[LooseObservation]]] = {}
        """Of each observation's source: its person and what it measures."""

    def done(self, kind: str) -> BundleSent:
        """Return what the bundle says: people first, so that everything else finds them."""
        order = sorted(self._entries, key=lambda entry: _ORDER.get(entry.type, 2))
        for entry in order:
            self._take(entry)
        for entry in self._entries.repeated:
            self._leave(entry, REPEATED)
        reported = self._reports()
        for source, (person, found) in self._measured.items():
            if source not in reported:
                self._add(person, "observations", found)
        return BundleSent(
            kind=kind,
            entries=tuple((e.place, e.type) for e in sorted([*self._entries, *self._entries.repeated], key=_number)),
            organizations=tuple(self._organizations),
            practitioners=tuple(self._practitioners),
            records=tuple(self._record(source) for source in self._patients),
            left_out=tuple(self._left_out),
        )

    def _take(self, entry: Entry) -> None:
        if entry.type == "Patient":
            self._patients[entry.source] = patient(entry)
        elif entry.type == "Organization":
            self._listed(entry, organization(entry), self._organizations)
        elif entry.type == "Practitioner":
            self._listed(entry, practitioner(entry), self._practitioners)
        elif entry.type in TOLD:
            self._tell(entry)
        elif entry.type == "Observation":
            self._observe(entry)
        elif entry.type != "DiagnosticReport":
            self._leave(entry, REASONS.get(entry.type, NO_ROOM))

    def _listed(self, entry: Entry, found: Any, directory: list[Any]) -> None:
        if found is None:
            self._leave(entry, NO_NAME)
        else:
            directory.append(found)

    def _tell(self, entry: Entry) -> None:
        name, mapper = TOLD[entry.type]
        told = mapper(self._entries, entry)
        if told is None:
            self._leave(entry, NO_CODE)
            return
        person = self._person(entry)
        if person is not None:
            self._add(person, name, [told])

    def _observe(self, entry: Entry) -> None:
        found = results.observations(entry)
        person = self._person(entry)
        if person is None:
            return
        if not found:
            self._leave(entry, NO_VALUE)
        self._measured[entry.source] = (person, found)

    def _reports(self) -> set[str]:
        """Take the reports, each with its measurements; return the sources that are in one: the first has them."""
        reported: set[str] = set()
        for entry in self._entries:
            if entry.type != "DiagnosticReport":
                continue
            person = self._person(entry)
            found = self._results(entry, person, reported)
            told = results.report(entry, found)
            if person is not None:
                self._add(person, "reports", [told])
        return reported

    def _results(self, entry: Entry, person: str | None, reported: set[str]) -> list[LooseObservation]:
        found: list[LooseObservation] = []
        for reference, result in results.referred(self._entries, entry):
            if result is None:
                self._left_out.append(LeftOut(reference.place, "Reference", NOT_HERE))
            elif result.type == "Observation" and result.source not in reported:
                whose, measured = self._measured.get(result.source) or (person, results.observations(result))
                if whose == person:
                    reported.add(result.source)
                    found += measured
        return found

    def _person(self, entry: Entry) -> str | None:
        """Return the source of the person whom a resource is about; None (and a note) where it is about none."""
        subject = SUBJECT.get(entry.type, "subject")
        reference = entry.element.child(subject)
        if reference is None and entry.type in ALWAYS_ABOUT:
            raise entry.element.broken(subject, "is missing")
        found = self._entries.resolve(entry, reference)
        if found is not None and found.source in self._patients:
            return found.source
        sources: tuple[str, ...] = ()
        if found is not None:
            sources = found.aliases if found.type == "Patient" else ()
        elif reference is not None:
            text = reference.text("reference") or ""
            if text.startswith("urn:"):
                raise reference.broken("reference", "leads to nothing in the file")
            sources = tuple(s for s in self._entries.link(entry, reference).sources if s.startswith("Patient"))
        if not sources:
            self._leave(entry, NO_PERSON)
            return None
        self._patients.setdefault(sources[0], unseen(entry.place, sources))
        return sources[0]

    def _add(self, person: str, name: str, told: list[Any]) -> None:
        self._of.setdefault(person, {}).setdefault(name, []).extend(told)

    def _leave(self, entry: Entry, reason: str) -> None:
        self._left_out.append(LeftOut(entry.place, entry.type, reason))

    def _record(self, source: str) -> RecordSent:
        told = {name: tuple(found) for name, found in self._of.get(source, {}).items()}
        return RecordSent(self._patients[source], **told)


_ORDER: Final = {"Patient": 0, "Organization": 1, "Practitioner": 1}


def _number(entry: Entry) -> int:
    """Return which entry of the bundle it is."""
    return int(entry.place.partition("[")[2].partition("]")[0])
