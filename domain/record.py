"""The medical record as another system sends it: what a bundle says, before anything is filed.

Statuses are FHIR R4's own codes (required bindings), written as our enums are: upper case, underscores.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from domain.patients import Sex
from domain.results import ObservationSent, PersonNamed, ReportSent


class EncounterStatus(StrEnum):
    """Where a visit or a stay stands (FHIR R4 EncounterStatus)."""

    PLANNED = "PLANNED"
    ARRIVED = "ARRIVED"
    TRIAGED = "TRIAGED"
    IN_PROGRESS = "IN_PROGRESS"
    ONLEAVE = "ONLEAVE"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"
    UNKNOWN = "UNKNOWN"


class ClinicalStatus(StrEnum):
    """Whether a condition or an allergy is active (FHIR R4 condition-clinical, allergyintolerance-clinical)."""

    ACTIVE = "ACTIVE"
    RECURRENCE = "RECURRENCE"
    RELAPSE = "RELAPSE"
    INACTIVE = "INACTIVE"
    REMISSION = "REMISSION"
    RESOLVED = "RESOLVED"
    UNKNOWN = "UNKNOWN"


class VerificationStatus(StrEnum):
    """How sure a diagnosis or an allergy is (FHIR R4 condition-ver-status, allergyintolerance-verification)."""

    UNCONFIRMED = "UNCONFIRMED"
    PROVISIONAL = "PROVISIONAL"
    DIFFERENTIAL = "DIFFERENTIAL"
    CONFIRMED = "CONFIRMED"
    REFUTED = "REFUTED"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"
    UNKNOWN = "UNKNOWN"


class AllergyKind(StrEnum):
    """The mechanism (FHIR R4 AllergyIntoleranceType)."""

    ALLERGY = "ALLERGY"
    INTOLERANCE = "INTOLERANCE"


class AllergyCategory(StrEnum):
    """What a person reacts to (FHIR R4 AllergyIntoleranceCategory)."""

    FOOD = "FOOD"
    MEDICATION = "MEDICATION"
    ENVIRONMENT = "ENVIRONMENT"
    BIOLOGIC = "BIOLOGIC"


class Criticality(StrEnum):
    """How dangerous a further contact is (FHIR R4 AllergyIntoleranceCriticality)."""

    LOW = "LOW"
    HIGH = "HIGH"
    UNABLE_TO_ASSESS = "UNABLE_TO_ASSESS"


class ImmunizationStatus(StrEnum):
    """Whether it was given (FHIR R4 ImmunizationStatusCodes)."""

    COMPLETED = "COMPLETED"
    NOT_DONE = "NOT_DONE"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"


class MedicationStatus(StrEnum):
    """Where a prescription stands (FHIR R4 medicationrequest-status)."""

    ACTIVE = "ACTIVE"
    ON_HOLD = "ON_HOLD"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"
    STOPPED = "STOPPED"
    DRAFT = "DRAFT"
    UNKNOWN = "UNKNOWN"


class MedicationIntent(StrEnum):
    """How binding it is (FHIR R4 medicationrequest-intent)."""

    PROPOSAL = "PROPOSAL"
    PLAN = "PLAN"
    ORDER = "ORDER"
    ORIGINAL_ORDER = "ORIGINAL_ORDER"
    REFLEX_ORDER = "REFLEX_ORDER"
    FILLER_ORDER = "FILLER_ORDER"
    INSTANCE_ORDER = "INSTANCE_ORDER"
    OPTION = "OPTION"


class DocumentStatus(StrEnum):
    """Whether a document counts (FHIR R4 DocumentReferenceStatus)."""

    CURRENT = "CURRENT"
    SUPERSEDED = "SUPERSEDED"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"


class Coded(msgspec.Struct, frozen=True, array_like=True):
    """A coded concept: the code that was sent first, and the words."""

    title: str
    code: str | None = None
    system: str | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What every resource has."""

    place: str
    """Where it stands in the bundle, such as `Bundle.entry[3].resource`."""
    source: str
    """What the sender calls it, such as `Condition/17`: the same name again is the same thing."""


class Link(msgspec.Struct, frozen=True):
    """A reference: the names under which its target may be known here, and the words that came with it."""

    sources: tuple[str, ...] = ()
    display: str | None = None


NOWHERE = Link()


class OrganizationSent(Sent, frozen=True, kw_only=True):
    """A clinic or another organization."""

    name: str
    aliases: tuple[str, ...] = ()
    """Its identifiers, as references name them."""
    city: str | None = None
    address: str | None = None
    phone: str | None = None


class PractitionerSent(Sent, frozen=True, kw_only=True):
    """A doctor or nurse."""

    name: str
    aliases: tuple[str, ...] = ()


class PatientSent(Sent, frozen=True, kw_only=True):
    """A person."""

    family: str
    given: str
    patronymic: str | None = None
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    described: bool = True
    """False: the bundle only names the person, who must be known here already."""

    def named(self) -> PersonNamed:
        """Return the person as those who look for one want it."""
        return PersonNamed(self.identifiers, self.family, self.given, self.birth_date, self.sex)


class Told(Sent, frozen=True, kw_only=True):
    """An item of a record: when it was (None where the sender doesn't say), during which visit, by whom."""

    at: datetime | None = None
    encounter: Link = NOWHERE
    practitioner: Link = NOWHERE


class EncounterSent(Told, frozen=True, kw_only=True):
    """A visit or a stay; `at` is its start."""

    status: EncounterStatus
    kind: Coded
    setting: str
    """HL7 ActCode: AMB, EMER, IMP, HH, VR, …"""
    ended_at: datetime | None = None
    reason: Coded | None = None
    organization: Link = NOWHERE


class ConditionSent(Told, frozen=True, kw_only=True):
    """A diagnosis or a problem; onset and abatement as sent, since either may be a year or words."""

    clinical_status: ClinicalStatus
    verification_status: VerificationStatus
    code: Coded
    onset: str | None = None
    abatement: str | None = None
    severity: Coded | None = None
    note: str | None = None


class AllergySent(Told, frozen=True, kw_only=True):
    """An allergy or an intolerance."""

    clinical_status: ClinicalStatus
    verification_status: VerificationStatus
    code: Coded
    kind: AllergyKind | None = None
    categories: tuple[AllergyCategory, ...] = ()
    criticality: Criticality | None = None
    reactions: tuple[str, ...] = ()
    onset: str | None = None
    note: str | None = None


class ImmunizationSent(Told, frozen=True, kw_only=True):
    """A vaccination, given or not."""

    status: ImmunizationStatus
    vaccine: Coded
    given: str | None = None
    """The date as sent."""
    lot: str | None = None
    dose: str | None = None
    reason: Coded | None = None
    """Why it was not given."""
    note: str | None = None


class MedicationSent(Told, frozen=True, kw_only=True):
    """A prescription."""

    status: MedicationStatus
    intent: MedicationIntent
    medication: Coded
    dosage: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    note: str | None = None


class DocumentSent(Told, frozen=True, kw_only=True):
    """A document: its description, and its bytes where they came with it."""

    status: DocumentStatus
    title: str
    kind: Coded | None = None
    content_type: str | None = None
    content: bytes | None = None
    url: str | None = None


class LooseObservation(Sent, frozen=True, kw_only=True):
    """A measurement with its name at the sender; a panel's component has one of its own."""

    observation: ObservationSent
    withdrawn: bool = False
    """Entered in error, or cancelled: what was filed under this name no longer counts."""


class ReportFound(Sent, frozen=True, kw_only=True):
    """A report and the measurements that it refers to."""

    report: ReportSent
    dated: bool = True
    """False: the sender gives no date."""
    observations: tuple[LooseObservation, ...] = ()


class RecordSent(msgspec.Struct, frozen=True):
    """All that a bundle says of one person."""

    patient: PatientSent
    encounters: tuple[EncounterSent, ...] = ()
    conditions: tuple[ConditionSent, ...] = ()
    allergies: tuple[AllergySent, ...] = ()
    immunizations: tuple[ImmunizationSent, ...] = ()
    medications: tuple[MedicationSent, ...] = ()
    documents: tuple[DocumentSent, ...] = ()
    reports: tuple[ReportFound, ...] = ()
    observations: tuple[LooseObservation, ...] = ()

    def rows(self) -> int:
        """Return how many ids filing this may take at most, events included."""
        told = (self.encounters, self.conditions, self.allergies, self.immunizations, self.medications, self.documents)
        measured = len(self.observations) + sum(3 + len(report.observations) for report in self.reports)
        return 10 + len(self.patient.identifiers) + sum(len(each) for each in told) + measured


class LeftOut(msgspec.Struct, frozen=True):
    """A resource that isn't taken, and why."""

    place: str
    type: str
    reason: str


class BundleSent(msgspec.Struct, frozen=True):
    """What a bundle says."""

    kind: str
    """FHIR's BundleType."""
    entries: tuple[tuple[str, str], ...]
    """(place, resource type) of every entry, in order."""
    organizations: tuple[OrganizationSent, ...] = ()
    practitioners: tuple[PractitionerSent, ...] = ()
    records: tuple[RecordSent, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def rows(self) -> int:
        """Return how many ids filing this may take at most."""
        return (
            50 + len(self.organizations) + len(self.practitioners) + sum(record.rows() + 10 for record in self.records)
        )
