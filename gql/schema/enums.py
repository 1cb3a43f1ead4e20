"""The domain's enums in the schema, every value described."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.access import Category, Ground
from domain.accounts import IdentityLevel, Role, SignInMethod
from domain.appeals import AppealKind, AppealState
from domain.appointments import AppointmentStatus, ServiceType, SlotState
from domain.changes import WORDS, ChangeCategory, FaultCode, FieldKind
from domain.codes import Channel
from domain.events import EventKind
from domain.messages import MessageReason, MessageState
from domain.notifications import DeliveryState, Topic
from domain.patients import Sex
from domain.policies import PolicyKind, PolicyStatus
from domain.recovery import RecoveryState
from domain.registration import RegistrationState
from domain.requests import RequestKind, RequestStatus
from domain.results import Flag, RangeOrigin, ReportStatus
from domain.scans import ScanKind
from domain.watch import AlertKind

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
    RangeOrigin,
    "Whose range a value was judged by.",
    {
        RangeOrigin.LABORATORY: "The laboratory's, as it came with the value.",
        RangeOrigin.OWN: "Ours, by sex, age and date: the laboratory sent none.",
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
        RequestKind.TICKET: "Something for support to solve.",
    },
)
described(
    RequestStatus,
    "Where a request stands.",
    {
        RequestStatus.SUBMITTED: "In the queue.",
        RequestStatus.IN_WORK: "A reviewer has taken it.",
        RequestStatus.NEEDS_INFO: "The person is asked for more.",
        RequestStatus.APPROVED: "Granted; a change of data may wait for a second reviewer.",
        RequestStatus.APPLIED: "The change stands in the profile.",
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
    Channel,
    "By which way a one-time code goes.",
    {Channel.SMS: "A text to the phone.", Channel.EMAIL: "A letter."},
)
described(
    SignInMethod,
    "What opened a session.",
    {
        SignInMethod.PASSWORD_AND_APP: "Password, and an authenticator's code.",
        SignInMethod.PASSWORD_AND_CODE: "Password, and a code that was sent.",
        SignInMethod.PASSWORD_AND_RECOVERY: "Password, and a recovery code.",
        SignInMethod.PASSKEY: "A passkey.",
        SignInMethod.NATIONAL_IDENTITY: "The national identity service.",
        SignInMethod.REGISTRATION: "Registration, by the codes to phone and e-mail.",
        SignInMethod.COMMAND: "The operator's own command line.",
    },
)
described(
    RecoveryState,
    "Where a recovery of access stands.",
    {
        RecoveryState.WAITING: "The new password counts when the wait is over.",
        RecoveryState.STOPPED: "Stopped: nothing has changed.",
        RecoveryState.DONE: "The new password counts.",
    },
)
described(
    RegistrationState,
    "Where a registration stands.",
    {
        RegistrationState.DATA: "Phone and e-mail are confirmed; personal data are wanted.",
        RegistrationState.DOCUMENTS: "Scans of passport, SNILS and policy are wanted.",
        RegistrationState.CHECKING: "The data are being matched with the population registry.",
        RegistrationState.CORRECTION: "Something doesn't agree: correct it, or ask for a video check.",
        RegistrationState.FACTOR: "The data agree; a code, or where that isn't enough a video check, finishes it.",
        RegistrationState.VIDEO: "A person will compare the camera's picture with the passport.",
        RegistrationState.CONFIRMED: "The identity is confirmed: medical services are open.",
    },
)
described(
    ScanKind,
    "What a file shows.",
    {
        ScanKind.PASSPORT: "The passport's page with the photograph.",
        ScanKind.SNILS: "The pension insurance number.",
        ScanKind.POLICY: "The insurance policy.",
        ScanKind.REGISTRATION_CERTIFICATE: "The certificate of registration at an address.",
        ScanKind.POWER_OF_ATTORNEY: "A power of attorney.",
        ScanKind.RECORD_EXTRACT: "An extract of the record elsewhere.",
        ScanKind.CAMERA: "The person, as the camera sees them now.",
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
described(
    Ground,
    "On what ground a record was opened or changed.",
    {
        Ground.OWN: "It is the person's own.",
        Ground.REPRESENTS: "For a person who is represented.",
        Ground.TREATS: "The doctor treats the patient.",
        Ground.CONSENT: "The patient's consent.",
        Ground.SERVES: "A request of the patient is being worked on.",
        Ground.PARTNER: "Data exchange with an organization's system.",
    },
)
described(
    AppealKind,
    "What a person asks about the own data (152-FZ, articles 14, 20 and 21).",
    {
        AppealKind.COPY: "A copy of everything.",
        AppealKind.RECTIFICATION: "A correction.",
        AppealKind.RESTRICTION: "That it isn't used.",
        AppealKind.ERASURE: "That it is erased, as far as the law lets it be.",
        AppealKind.ENTRY: "Who opened the record, and why.",
    },
)
described(
    AppealState,
    "Where an appeal stands.",
    {AppealState.OPEN: "Waits.", AppealState.GRANTED: "Done.", AppealState.REFUSED: "Refused, with the reason."},
)
described(
    AlertKind,
    "What looked unusual.",
    {
        AlertKind.UNRELATED_RECORDS: "Very many people's records were asked for.",
        AlertKind.REPEATED_REFUSALS: "Much was asked for that isn't allowed.",
        AlertKind.MASS_EXPORT: "Many people's copies were made or fetched.",
        AlertKind.PASSWORD_GUESSING: "One account's password was tried often.",
        AlertKind.BRUTE_FORCE: "Many accounts were tried from one address.",
        AlertKind.IMPOSSIBLE_TRAVEL: "Two places too far apart for the time between.",
        AlertKind.MANY_NETWORKS: "One account from many networks at once.",
    },
)
described(
    MessageState,
    "Where a partner's message stands.",
    {
        MessageState.RECEIVED: "Stored, not applied yet.",
        MessageState.APPLIED: "Filed.",
        MessageState.WAITING: "Waits for a person to decide.",
        MessageState.QUARANTINED: "Could not be read; kept.",
        MessageState.REFUSED: "Not taken.",
    },
)
described(
    MessageReason,
    "Why a message was not applied.",
    {
        MessageReason.PATIENT_UNKNOWN: "Nobody here is known by its numbers.",
        MessageReason.PATIENT_AMBIGUOUS: "It doesn't lead to one person beyond doubt.",
        MessageReason.NOT_HL7: "It is no HL7 v2 message.",
        MessageReason.CHARSET_UNREADABLE: "Its characters can't be read.",
        MessageReason.TOO_COMPLEX: "It is too deep or too long.",
        MessageReason.SEVERAL_MESSAGES: "Several messages came as one.",
        MessageReason.CONTROL_ID_MISSING: "It has no control id.",
        MessageReason.CONTROL_ID_REUSED: "Its control id was used for another message.",
        MessageReason.PATIENT_MISSING: "It names nobody.",
        MessageReason.REPORT_MISSING: "It has no report.",
        MessageReason.CONTENT_INVALID: "A value is none.",
        MessageReason.TYPE_UNSUPPORTED: "Its type isn't taken.",
        MessageReason.EVENT_UNSUPPORTED: "Its event isn't taken.",
        MessageReason.VERSION_UNSUPPORTED: "Its version isn't taken.",
        MessageReason.TEST_MESSAGE: "It says of itself that it is a test; tests are never filed.",
        MessageReason.SENDER_NOT_ALLOWED: "The sender may not send it.",
        MessageReason.INTERNAL_ERROR: "The service failed.",
    },
)
described(
    EventKind,
    "What kind of event it is.",
    {
        EventKind.APPOINTMENT_CHANGED: "A visit was booked, moved or cancelled.",
        EventKind.SLOT_CHANGED: "A time was taken or became free.",
        EventKind.RESULT_ARRIVED: "A result came in.",
        EventKind.ABNORMAL_RESULT_ARRIVED: "A result outside its range came in.",
        EventKind.CRITICAL_RESULT_ARRIVED: "A result beyond a critical limit came in.",
        EventKind.REQUEST_STATUS_CHANGED: "A request moved.",
        EventKind.POLICY_STATUS_CHANGED: "A policy began or ceased to count.",
        EventKind.CONSENT_CHANGED: "A consent was given or withdrawn.",
        EventKind.RECORD_OPENED: "Someone opened or changed a record.",
        EventKind.SECURITY_ALERT: "Something that security should look at.",
        EventKind.APPEAL_CHANGED: "An appeal about the own data was made or answered.",
        EventKind.TASK_CHANGED: "Work done behind the answers got on.",
        EventKind.SESSION_ENDED: "A session ended.",
        EventKind.NOTIFICATION_ARRIVED: "There is something new to read.",
        EventKind.SIGNED_IN: "A session of the account was opened.",
        EventKind.CREDENTIALS_CHANGED: "A password, a factor or a contact of the account changed.",
        EventKind.REGISTRATION_CHANGED: "A registration got on.",
        EventKind.ROLE_CHANGED: "A role at an organization was given or ended.",
        EventKind.RECOVERY_CHANGED: "A recovery of access was asked for, stopped or done.",
    },
)
described(
    Topic,
    "What a notification is about.",
    {
        Topic.APPOINTMENTS: "A visit was booked, moved or cancelled.",
        Topic.REMINDERS: "A visit is near.",
        Topic.RESULTS: "A result came in.",
        Topic.REQUESTS: "A request moved.",
        Topic.POLICIES: "A policy began or ceased to count.",
        Topic.CONSENTS: "A consent was given or withdrawn.",
        Topic.APPEALS: "An appeal about the own data was made or answered.",
        Topic.SECURITY: "Somebody signed in, or changed how.",
    },
)
described(
    DeliveryState,
    "Where a message on its way stands.",
    {
        DeliveryState.WAITING: "It goes out when it is due.",
        DeliveryState.SENT: "The carrier has taken it.",
        DeliveryState.FAILED: "It could not be handed over, and is no longer tried.",
        DeliveryState.SKIPPED: "It was no longer of use, or there is nowhere to send it.",
    },
)
described(
    ChangeCategory,
    "What of a person's data is to change.",
    {
        ChangeCategory.NAME: "Family name, given name, patronymic.",
        ChangeCategory.BIRTH: "Birth date and sex.",
        ChangeCategory.ADDRESS: "Where the person lives.",
        ChangeCategory.CONTACTS: "Phone and e-mail.",
        ChangeCategory.PASSPORT: "The passport.",
        ChangeCategory.SNILS: "The pension insurance number.",
        ChangeCategory.POLICY: "The number of the compulsory insurance policy.",
    },
)
described(
    FieldKind,
    "How a form's field is drawn.",
    {
        FieldKind.TEXT: "A line of text.",
        FieldKind.DATE: "A date, YYYY-MM-DD.",
        FieldKind.SEX: "MALE or FEMALE.",
        FieldKind.PHONE: "A phone.",
        FieldKind.EMAIL: "An e-mail address.",
        FieldKind.DIGITS: "A number; spaces and hyphens may stand in it.",
    },
)
described(
    FaultCode,
    "What is wrong with a form's field.",
    {code: words[1] for code, words in WORDS.items()},
)
