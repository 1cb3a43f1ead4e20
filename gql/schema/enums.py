"""The domain's enums in the schema, every value described."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.access import Category
from domain.accounts import IdentityLevel, Role
from domain.appointments import AppointmentStatus, ServiceType, SlotState
from domain.patients import Sex
from domain.policies import PolicyKind, PolicyStatus
from domain.requests import RequestKind, RequestStatus
from domain.results import Flag, ReportStatus

E = TypeVar("E", bound=Enum)


def described(kind: type[E], description: str, values: Mapping[E, str]) -> None:
    """Make an enum a GraphQL enum, in place; a value without a description is an error."""
    strawberry.enum(kind, description=description)
    definition: StrawberryEnumDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[kind(value.value)]


described(
    AppointmentStatus,
    "Where a visit stands.",
    {
        AppointmentStatus.BOOKED: "Booked.",
        AppointmentStatus.CHECKED_IN: "The patient has arrived.",
        AppointmentStatus.COMPLETED: "It took place.",
        AppointmentStatus.CANCELLED: "Cancelled; the time is free again.",
        AppointmentStatus.NO_SHOW: "The patient did not come.",
    },
)
described(
    SlotState,
    "Whether a doctor's time can be booked.",
    {SlotState.FREE: "It can be booked.", SlotState.TAKEN: "Someone has it."},
)
described(
    ServiceType,
    "What a visit is for.",
    {
        ServiceType.CONSULTATION: "A first visit about a complaint.",
        ServiceType.FOLLOW_UP: "A further visit about the same.",
        ServiceType.PREVENTIVE: "A check-up.",
        ServiceType.DIAGNOSTIC: "A study.",
    },
)
described(
    Sex,
    "Administrative sex (FHIR AdministrativeGender).",
    {
        Sex.MALE: "Male.",
        Sex.FEMALE: "Female.",
        Sex.OTHER: "Other.",
        Sex.UNKNOWN: "Not known.",
    },
)
described(
    Flag,
    "Where a value lies against its range (HL7 table 0078).",
    {
        Flag.NORMAL: "Within the range; a bound itself is normal.",
        Flag.LOW: "Below the range.",
        Flag.HIGH: "Above the range.",
        Flag.CRITICAL_LOW: "Below the critical limit: a doctor must act at once.",
        Flag.CRITICAL_HIGH: "Above the critical limit: a doctor must act at once.",
        Flag.ABNORMAL: "Abnormal, with no direction.",
    },
)
described(
    ReportStatus,
    "How final a report is.",
    {
        ReportStatus.PRELIMINARY: "More may follow.",
        ReportStatus.FINAL: "Complete.",
        ReportStatus.CORRECTED: "Replaces an earlier version.",
        ReportStatus.CANCELLED: "Withdrawn by the laboratory.",
    },
)
described(
    PolicyKind,
    "Who pays.",
    {PolicyKind.OMS: "Compulsory medical insurance.", PolicyKind.DMS: "Voluntary medical insurance."},
)
described(
    PolicyStatus,
    "Whether a policy counts.",
    {
        PolicyStatus.PENDING: "Not begun.",
        PolicyStatus.ACTIVE: "In force.",
        PolicyStatus.SUSPENDED: "Suspended, for instance during military service.",
        PolicyStatus.EXPIRED: "Its term is over.",
        PolicyStatus.INVALID: "Void.",
    },
)
described(
    RequestKind,
    "What a person asks a clinic for.",
    {
        RequestKind.DATA_CHANGE: "A change of personal data.",
        RequestKind.POLICY_EXTENSION: "An extension of a policy.",
        RequestKind.POLICY_QUESTION: "A question about a policy.",
        RequestKind.REFERRAL: "A referral to a specialist.",
        RequestKind.FEEDBACK: "A problem, a question or a proposal.",
    },
)
described(
    RequestStatus,
    "Where a request stands.",
    {
        RequestStatus.SUBMITTED: "In the queue.",
        RequestStatus.IN_WORK: "A reviewer has taken it.",
        RequestStatus.NEEDS_INFO: "The person is asked for more.",
        RequestStatus.APPROVED: "Granted.",
        RequestStatus.REJECTED: "Refused, with a reason.",
        RequestStatus.WITHDRAWN: "Taken back by the person.",
    },
)
described(
    IdentityLevel,
    "How well the person behind an account is known.",
    {
        IdentityLevel.SIMPLIFIED: "A phone or an address was confirmed.",
        IdentityLevel.STANDARD: "The documents were checked against registers.",
        IdentityLevel.CONFIRMED: "The person was seen: medical services are open.",
    },
)
described(
    Role,
    "What an account does for an organization.",
    {
        Role.DOCTOR: "Treats patients.",
        Role.REVIEWER: "Works the queues of requests.",
        Role.SUPPORT_AGENT: "Answers questions; sees nothing clinical.",
        Role.ADMINISTRATOR: "Keeps accounts and access; sees nothing clinical.",
        Role.SECURITY_OFFICER: "Reads the security log.",
        Role.SERVICE_OPERATOR: "Does technical work; sees nothing clinical.",
        Role.LABORATORY: "A laboratory's system: files results.",
        Role.INSURER: "An insurer's system: tells the state of policies.",
        Role.RECORD_SYSTEM: "Another record system: files records.",
    },
)
described(
    Category,
    "Kinds of a patient's data, as consents and the log of openings name them.",
    {
        Category.PROFILE: "Name, birth date, sex.",
        Category.CONTACTS: "Phone, e-mail, address.",
        Category.IDENTIFIERS: "Numbers of documents.",
        Category.APPOINTMENTS: "Visits.",
        Category.RESULTS: "Results of studies.",
        Category.RECORD: "Diagnoses, allergies, medicines, vaccinations, documents.",
        Category.POLICIES: "Insurance policies.",
        Category.REQUESTS: "Requests to clinics.",
        Category.ACCESS_LOG: "Who opened the record.",
        Category.CONSENTS: "Consents.",
    },
)
