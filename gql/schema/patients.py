"""Patients: the record that everything hangs on."""

from datetime import date, datetime

import strawberry

from domain.appointments import AppointmentStatus, ServiceType
from domain.patients import Sex
from gql.permissions.record import (
    CanAppeal,
    CanReadAccessLog,
    CanReadAppointments,
    CanReadConsents,
    CanReadContacts,
    CanReadIdentifiers,
    CanReadPolicies,
    CanReadProfile,
    CanReadRecord,
    CanReadRequests,
    CanReadResults,
)
from gql.planning.sources import (
    Connection,
    Node,
    Where,
    column,
    computed,
    connection,
    desc,
    identity,
    node,
    sealed,
    to_many,
)
from gql.schema.allergies import ALLERGY_FILTERS, AllergyIntolerance
from gql.schema.appeals import Appeal
from gql.schema.appointments import Appointment
from gql.schema.audit import AuditEntry
from gql.schema.conditions import CONDITION_FILTERS, Condition
from gql.schema.consents import Consent
from gql.schema.documents import DOCUMENT_FILTERS, DocumentReference
from gql.schema.encounters import ENCOUNTER_FILTERS, Encounter
from gql.schema.immunizations import IMMUNIZATION_FILTERS, Immunization
from gql.schema.medications import MEDICATION_FILTERS, MedicationRequest
from gql.schema.policies import POLICY_FILTERS, InsurancePolicy
from gql.schema.requests import REQUEST_FILTERS, PatientRequest
from gql.schema.results import OBSERVATION_FILTERS, REPORT_FILTERS, DiagnosticReport, Observation
from persistence.access import ConsentRow
from persistence.allergies import AllergyRow
from persistence.appeals import AppealRow
from persistence.appointments import AppointmentRow
from persistence.audit import AuditRow
from persistence.conditions import ConditionRow
from persistence.documents import DocumentReferenceRow
from persistence.encounters import EncounterRow
from persistence.immunizations import ImmunizationRow
from persistence.medications import MedicationRequestRow
from persistence.patients import PatientBody, PatientIdentifierBody, PatientIdentifierRow, PatientRow
from persistence.policies import InsurancePolicyRow
from persistence.requests import PatientRequestRow
from persistence.results import DiagnosticReportRow, ObservationRow
from persistence.tree import Op


def full_name(family: str, given: str, patronymic: str | None) -> str:
    """Return the name as Russian documents write it: family name first."""
    return " ".join(part for part in (family, given, patronymic) if part)


APPOINTMENT_FILTERS = {
    "status": Where(AppointmentRow.status, Op.EQ, AppointmentStatus, "Where it stands."),
    "type": Where(AppointmentRow.service_type, Op.EQ, ServiceType, "What it is for."),
    "from": Where(AppointmentRow.starts_at, Op.GE, datetime, "Not before."),
    "to": Where(AppointmentRow.starts_at, Op.LT, datetime, "Before."),
}


@node(
    PatientIdentifierRow,
    PatientIdentifierBody,
    guard=CanReadIdentifiers,
    description="A number that names the person in some system.",
)
class PatientIdentifier:
    """An identifier."""

    system: str = column(PatientIdentifierRow.system, "URI of the system.")
    value: str | None = sealed("value", "The number.", CanReadIdentifiers)


@node(PatientRow, PatientBody, guard=CanReadProfile, description="A person whose record this is.")
class Patient(Node):
    """A patient."""

    id: strawberry.ID = identity()
    family_name: str | None = sealed("family", "Family name.", CanReadProfile)
    given_name: str | None = sealed("given", "Given name.", CanReadProfile)
    patronymic: str | None = sealed("patronymic", "Patronymic.", CanReadProfile)
    full_name: str | None = computed(
        full_name, "Family name, given name, patronymic.", CanReadProfile, attributes=["family", "given", "patronymic"]
    )
    birth_date: date | None = sealed("birth_date", "Birth date.", CanReadProfile)
    sex: Sex | None = sealed("sex", "Administrative sex.", CanReadProfile)
    phone: str | None = sealed("phone", "Phone, E.164.", CanReadContacts)
    email: str | None = sealed("email", "E-mail.", CanReadContacts)
    address: str | None = sealed("address", "Where the person lives.", CanReadContacts)
    identifiers: list[PatientIdentifier] | None = to_many(
        PatientIdentifierRow.patient_id, "Numbers of documents.", CanReadIdentifiers, order=[PatientIdentifierRow.id]
    )
    appointments: Connection[Appointment] | None = connection(
        AppointmentRow.patient_id,
        "Visits, the latest first.",
        CanReadAppointments,
        order=[desc(AppointmentRow.starts_at), desc(AppointmentRow.id)],
        where=APPOINTMENT_FILTERS,
    )
    reports: Connection[DiagnosticReport] | None = connection(
        DiagnosticReportRow.patient_id,
        "Reports in their newest versions, the latest first.",
        CanReadResults,
        order=[desc(DiagnosticReportRow.issued_at), desc(DiagnosticReportRow.id)],
        where=REPORT_FILTERS,
        fixed=[(DiagnosticReportRow.replaced_at, Op.IS_NULL, None)],
    )
    observations: Connection[Observation] | None = connection(
        ObservationRow.patient_id,
        "Observations in their newest versions, the latest first.",
        CanReadResults,
        order=[desc(ObservationRow.taken_at), desc(ObservationRow.id)],
        where=OBSERVATION_FILTERS,
        fixed=[(ObservationRow.replaced_at, Op.IS_NULL, None)],
    )
    encounters: Connection[Encounter] | None = connection(
        EncounterRow.patient_id,
        "Visits and stays that other systems tell of, the latest first.",
        CanReadRecord,
        order=[desc(EncounterRow.recorded_at), desc(EncounterRow.id)],
        where=ENCOUNTER_FILTERS,
    )
    conditions: Connection[Condition] | None = connection(
        ConditionRow.patient_id,
        "Diagnoses and problems, the latest first.",
        CanReadRecord,
        order=[desc(ConditionRow.recorded_at), desc(ConditionRow.id)],
        where=CONDITION_FILTERS,
    )
    allergies: Connection[AllergyIntolerance] | None = connection(
        AllergyRow.patient_id,
        "Allergies and intolerances, the latest first.",
        CanReadRecord,
        order=[desc(AllergyRow.recorded_at), desc(AllergyRow.id)],
        where=ALLERGY_FILTERS,
    )
    immunizations: Connection[Immunization] | None = connection(
        ImmunizationRow.patient_id,
        "Vaccinations, the latest first.",
        CanReadRecord,
        order=[desc(ImmunizationRow.recorded_at), desc(ImmunizationRow.id)],
        where=IMMUNIZATION_FILTERS,
    )
    medications: Connection[MedicationRequest] | None = connection(
        MedicationRequestRow.patient_id,
        "Prescriptions that other systems tell of, the latest first.",
        CanReadRecord,
        order=[desc(MedicationRequestRow.recorded_at), desc(MedicationRequestRow.id)],
        where=MEDICATION_FILTERS,
    )
    documents: Connection[DocumentReference] | None = connection(
        DocumentReferenceRow.patient_id,
        "Documents that other systems sent, the latest first.",
        CanReadRecord,
        order=[desc(DocumentReferenceRow.recorded_at), desc(DocumentReferenceRow.id)],
        where=DOCUMENT_FILTERS,
    )
    policies: Connection[InsurancePolicy] | None = connection(
        InsurancePolicyRow.patient_id,
        "Insurance policies, the newest first.",
        CanReadPolicies,
        order=[desc(InsurancePolicyRow.created_at), desc(InsurancePolicyRow.id)],
        where=POLICY_FILTERS,
    )
    requests: Connection[PatientRequest] | None = connection(
        PatientRequestRow.patient_id,
        "Requests, the newest first.",
        CanReadRequests,
        order=[desc(PatientRequestRow.submitted_at), desc(PatientRequestRow.id)],
        where=REQUEST_FILTERS,
    )
    consents: Connection[Consent] | None = connection(
        ConsentRow.patient_id,
        "Consents, the newest first.",
        CanReadConsents,
        order=[desc(ConsentRow.since), desc(ConsentRow.id)],
    )
    access_log: Connection[AuditEntry] | None = connection(
        AuditRow.patient_id,
        "Who opened or changed this record, the latest first.",
        CanReadAccessLog,
        order=[desc(AuditRow.id)],
    )
    appeals: Connection[Appeal] | None = connection(
        AppealRow.patient_id,
        "What was asked about the data in this record, the latest first.",
        CanAppeal,
        order=[desc(AppealRow.id)],
    )
