"""The one decision: may this viewer do this to this patient's data, now, and if not, why and what would help."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from domain.accounts import IdentityLevel, Role, Viewer


class Category(StrEnum):
    """Kinds of a patient's data, as consents and the audit log name them."""

    PROFILE = "PROFILE"
    CONTACTS = "CONTACTS"
    IDENTIFIERS = "IDENTIFIERS"
    APPOINTMENTS = "APPOINTMENTS"
    RESULTS = "RESULTS"
    RECORD = "RECORD"
    POLICIES = "POLICIES"
    REQUESTS = "REQUESTS"
    ACCESS_LOG = "ACCESS_LOG"
    CONSENTS = "CONSENTS"


class Permission(StrEnum):
    """What can be done with one patient's data."""

    READ_PROFILE = "READ_PROFILE"
    READ_CONTACTS = "READ_CONTACTS"
    READ_IDENTIFIERS = "READ_IDENTIFIERS"
    READ_APPOINTMENTS = "READ_APPOINTMENTS"
    READ_RESULTS = "READ_RESULTS"
    READ_RECORD = "READ_RECORD"
    READ_POLICIES = "READ_POLICIES"
    READ_REQUESTS = "READ_REQUESTS"
    READ_ACCESS_LOG = "READ_ACCESS_LOG"
    READ_CONSENTS = "READ_CONSENTS"
    BOOK = "BOOK"
    CANCEL_APPOINTMENT = "CANCEL_APPOINTMENT"
    SUBMIT_REQUEST = "SUBMIT_REQUEST"
    WORK_REQUESTS = "WORK_REQUESTS"
    RECEIVE_RESULTS = "RECEIVE_RESULTS"
    IMPORT_RECORD = "IMPORT_RECORD"
    GIVE_CONSENT = "GIVE_CONSENT"
    APPEAL = "APPEAL"
    """Asking about the own data: a copy, a correction, an erasure, who opened the record."""


class StaffPermission(StrEnum):
    """What staff can do at an organization, no patient being named."""

    READ_SECURITY_LOG = "READ_SECURITY_LOG"
    WORK_QUEUE = "WORK_QUEUE"
    SEE_PATIENTS = "SEE_PATIENTS"
    TELL_POLICY_STATUS = "TELL_POLICY_STATUS"
    HANDLE_MESSAGES = "HANDLE_MESSAGES"
    LOCK_ACCOUNTS = "LOCK_ACCOUNTS"
    HANDLE_APPEALS = "HANDLE_APPEALS"
    HANDLE_INCIDENTS = "HANDLE_INCIDENTS"
    SEE_DELIVERIES = "SEE_DELIVERIES"
    CHECK_IDENTITY = "CHECK_IDENTITY"
    SEE_ROLES = "SEE_ROLES"
    MANAGE_ROLES = "MANAGE_ROLES"


P, C = Permission, Category

CATEGORY: Mapping[Permission, Category] = {
    P.READ_PROFILE: C.PROFILE,
    P.READ_CONTACTS: C.CONTACTS,
    P.READ_IDENTIFIERS: C.IDENTIFIERS,
    P.READ_APPOINTMENTS: C.APPOINTMENTS,
    P.READ_RESULTS: C.RESULTS,
    P.READ_RECORD: C.RECORD,
    P.READ_POLICIES: C.POLICIES,
    P.READ_REQUESTS: C.REQUESTS,
    P.READ_ACCESS_LOG: C.ACCESS_LOG,
    P.READ_CONSENTS: C.CONSENTS,
    P.BOOK: C.APPOINTMENTS,
    P.CANCEL_APPOINTMENT: C.APPOINTMENTS,
    P.SUBMIT_REQUEST: C.REQUESTS,
    P.WORK_REQUESTS: C.REQUESTS,
    P.RECEIVE_RESULTS: C.RESULTS,
    P.IMPORT_RECORD: C.RECORD,
    P.GIVE_CONSENT: C.CONSENTS,
    P.APPEAL: C.ACCESS_LOG,
}

OF_THE_PERSON = frozenset(P) - {P.WORK_REQUESTS, P.RECEIVE_RESULTS, P.IMPORT_RECORD}
"""What one may do with one's own record; a representative, within the scope of the relation."""

OPEN_UNCONFIRMED = frozenset(
    {P.READ_PROFILE, P.READ_CONTACTS, P.READ_REQUESTS, P.READ_ACCESS_LOG, P.SUBMIT_REQUEST, P.APPEAL}
)
"""What needs no confirmed identity (E6)."""

OF_THE_DOCTOR = frozenset({P.READ_PROFILE, P.READ_APPOINTMENTS, P.READ_RESULTS, P.READ_RECORD})
"""What treating needs; no passport, no address, no phone (PROMISES.md, section 4)."""

OF_THE_REVIEWER = frozenset({P.READ_PROFILE, P.READ_REQUESTS, P.WORK_REQUESTS})

OF_THE_PARTNER: Mapping[Role, frozenset[Permission]] = {
    Role.LABORATORY: frozenset({P.RECEIVE_RESULTS}),
    Role.RECORD_SYSTEM: frozenset({P.IMPORT_RECORD, P.RECEIVE_RESULTS}),
}
"""What machines may write, whoever the patient is; they read nothing."""

OF_ROLE: Mapping[Role, frozenset[Permission]] = {
    Role.DOCTOR: OF_THE_DOCTOR,
    Role.REVIEWER: OF_THE_REVIEWER,
    **OF_THE_PARTNER,
}
"""What a role may do with some record; with which, relations and consents say."""

MACHINES = frozenset(OF_THE_PARTNER) | {Role.INSURER}
"""Roles of partner systems, which are nobody's patient and nobody's representative."""

GRANTED_BY_PEOPLE = frozenset(Role) - MACHINES
"""What an administrator may give; a machine writes into any record, so its role is set up by command."""

OF_STAFF: Mapping[StaffPermission, frozenset[Role]] = {
    StaffPermission.READ_SECURITY_LOG: frozenset({Role.ADMINISTRATOR, Role.SECURITY_OFFICER}),
    StaffPermission.WORK_QUEUE: frozenset({Role.REVIEWER}),
    StaffPermission.SEE_PATIENTS: frozenset({Role.DOCTOR}),
    StaffPermission.TELL_POLICY_STATUS: frozenset({Role.INSURER}),
    StaffPermission.HANDLE_MESSAGES: frozenset({Role.SERVICE_OPERATOR}),
    StaffPermission.LOCK_ACCOUNTS: frozenset({Role.SECURITY_OFFICER}),
    StaffPermission.CHECK_IDENTITY: frozenset({Role.SUPPORT_AGENT}),
    StaffPermission.SEE_DELIVERIES: frozenset({Role.SUPPORT_AGENT}),
    StaffPermission.HANDLE_INCIDENTS: frozenset({Role.SECURITY_OFFICER}),
    StaffPermission.HANDLE_APPEALS: frozenset({Role.ADMINISTRATOR, Role.SECURITY_OFFICER}),
    StaffPermission.SEE_ROLES: frozenset({Role.ADMINISTRATOR, Role.SECURITY_OFFICER}),
    StaffPermission.MANAGE_ROLES: frozenset({Role.ADMINISTRATOR}),
}


class Reason(StrEnum):
    """Why something is refused."""

    SIGN_IN = "SIGN_IN"
    ROLE = "ROLE"
    RELATION = "RELATION"
    CONSENT = "CONSENT"
    SCOPE = "SCOPE"
    LEVEL = "LEVEL"


class Remedy(StrEnum):
    """What would help."""

    SIGN_IN = "SIGN_IN"
    ASK_THE_PATIENT_FOR_CONSENT = "ASK_THE_PATIENT_FOR_CONSENT"
    CONFIRM_YOUR_IDENTITY = "CONFIRM_YOUR_IDENTITY"
    ASK_AN_ADMINISTRATOR = "ASK_AN_ADMINISTRATOR"


REMEDY: Mapping[Reason, Remedy] = {
    Reason.SIGN_IN: Remedy.SIGN_IN,
    Reason.ROLE: Remedy.ASK_AN_ADMINISTRATOR,
    Reason.RELATION: Remedy.ASK_THE_PATIENT_FOR_CONSENT,
    Reason.CONSENT: Remedy.ASK_THE_PATIENT_FOR_CONSENT,
    Reason.SCOPE: Remedy.ASK_THE_PATIENT_FOR_CONSENT,
    Reason.LEVEL: Remedy.CONFIRM_YOUR_IDENTITY,
}


class RelationKind(StrEnum):
    """How a viewer stands to a patient; one's own record needs no row."""

    REPRESENTS = "REPRESENTS"
    TREATS = "TREATS"
    SERVES = "SERVES"
    """The viewer's organization has a request of the patient in its queue."""


class Ground(StrEnum):
    """On what ground a record was opened or changed, as the audit log keeps it."""

    OWN = "OWN"
    REPRESENTS = "REPRESENTS"
    TREATS = "TREATS"
    CONSENT = "CONSENT"
    SERVES = "SERVES"
    PARTNER = "PARTNER"


class Relation(msgspec.Struct, frozen=True):
    """A relation between the viewer and a patient that holds from–until."""

    patient_id: int
    kind: RelationKind
    organization_id: int | None
    categories: frozenset[Category]
    """A representative's scope."""
    since: datetime
    until: datetime | None

    def active(self, at: datetime) -> bool:
        """Return whether the relation holds at that moment."""
        return self.since <= at and (self.until is None or at < self.until)

    def ended(self, at: datetime) -> datetime | None:
        """Return when it ended, if it has."""
        return self.until if self.until is not None and self.until <= at else None


class Consent(msgspec.Struct, frozen=True):
    """A patient's consent in favour of the viewer or of an organization of theirs."""

    patient_id: int
    organization_id: int | None
    """None where it names the practitioner in person."""
    categories: frozenset[Category]
    since: datetime
    until: datetime | None
    withdrawn_at: datetime | None

    def active(self, at: datetime) -> bool:
        """Return whether the consent counts at that moment."""
        return self.withdrawn_at is None and self.since <= at and (self.until is None or at < self.until)

    def ended(self, at: datetime) -> datetime | None:
        """Return when it ended, if it has."""
        return self.withdrawn_at or (self.until if self.until is not None and self.until <= at else None)


class Facts(msgspec.Struct, frozen=True):
    """What the store says of a viewer and some patients; lapsed rows included, they give the reason."""

    relations: tuple[Relation, ...] = ()
    consents: tuple[Consent, ...] = ()


class Question(NamedTuple):
    """May the viewer do this with this patient's row?"""

    permission: Permission
    patient_id: int
    organization_id: int | None = None
    """The organization that a row belongs to, where that matters (requests)."""


class Decision(NamedTuple):
    """The answer to one question."""

    allowed: bool
    reason: Reason | None = None
    known: bool = True
    """False: the viewer may not learn that the record is there; answer as for none."""

    @property
    def remedy(self) -> Remedy | None:
        """Return what would help."""
        return REMEDY[self.reason] if self.reason else None


ALLOWED = Decision(True)
UNKNOWN = Decision(False, None, known=False)


class Rights:
    """Decisions for one viewer, made in bulk, each asked once."""

    def __init__(self, viewer: Viewer | None, facts: Facts, at: datetime) -> None:
        self.viewer = viewer
        self.at = at
        self._relations = _by_patient(facts.relations)
        self._consents = _by_patient(facts.consents)
        self._decided: dict[Question, Decision] = {}

    def decide(self, permission: Permission, patient_id: int, organization_id: int | None = None) -> Decision:
        """Return the decision on one question; the same question costs a look-up the second time."""
        question = Question(permission, patient_id, organization_id)
        decision = self._decided.get(question)
        if decision is None:
            decision = self._decided[question] = self._decide(question)
        return decision

    def ground(self, patient_id: int) -> Ground | None:
        """Return what connects the viewer with a patient, the closest first; None if nothing does."""
        viewer = self.viewer
        if viewer is None:
            return None
        if viewer.patient_id == patient_id:
            return Ground.OWN
        kinds = {relation.kind for relation in self._relations.get(patient_id, ()) if relation.active(self.at)}
        for kind in (RelationKind.REPRESENTS, RelationKind.TREATS):
            if kind in kinds:
                return Ground(kind.value)
        if any(consent.active(self.at) for consent in self._consents.get(patient_id, ())):
            return Ground.CONSENT
        if kinds:
            return Ground.SERVES
        return Ground.PARTNER if any(grant.role in MACHINES for grant in viewer.roles) else None

    def could(self, permission: Permission) -> bool:
        """Return whether the viewer could have this permission on any record at all: the early, cheap check."""
        viewer = self.viewer
        if viewer is None:
            return False
        roles = {grant.role for grant in viewer.roles}
        by_role = any(permission in OF_ROLE.get(role, ()) for role in roles)
        return by_role or (permission in OF_THE_PERSON and not roles & MACHINES)

    def lapsed(self, permission: Permission, patient_id: int) -> "Relation | Consent | None":
        """Return what opened the patient's record for this once and ended last; None if nothing did."""
        if self.viewer is None:
            return None
        question = Question(permission, patient_id)
        relations = [r for r in self._relations.get(patient_id, ()) if not r.active(self.at)]
        consents = [c for c in self._consents.get(patient_id, ()) if not c.active(self.at)]
        once: list[Relation | Consent] = [r for r in relations if _opens(self.viewer, r, question)]
        once += [c for c in consents if _consented(self.viewer, c, question)]
        dated = [(ended, at) for ended in once if (at := ended.ended(self.at)) is not None]
        return max(dated, key=lambda pair: pair[1])[0] if dated else None

    def staff(self, permission: StaffPermission) -> Decision:
        """Return whether the viewer holds a role, anywhere, that has this permission."""
        if self.viewer is None:
            return Decision(False, Reason.SIGN_IN)
        return ALLOWED if self.places(permission) else Decision(False, Reason.ROLE)

    def places(self, permission: StaffPermission) -> tuple[int, ...]:
        """Return the organizations at which the viewer has this permission."""
        roles = OF_STAFF[permission]
        return tuple(g.organization_id for g in self.viewer.roles if g.role in roles) if self.viewer else ()

    def _decide(self, question: Question) -> Decision:
        viewer = self.viewer
        if viewer is None:
            return Decision(False, Reason.SIGN_IN, known=False)
        if viewer.patient_id == question.patient_id:
            return _own(viewer, question.permission)
        if any(question.permission in OF_THE_PARTNER.get(grant.role, ()) for grant in viewer.roles):
            return ALLOWED
        return self._by_relation(viewer, question)

    def _by_relation(self, viewer: Viewer, question: Question) -> Decision:
        relations = self._relations.get(question.patient_id, ())
        consents = self._consents.get(question.patient_id, ())
        active = [relation for relation in relations if relation.active(self.at)]
        given = [consent for consent in consents if consent.active(self.at)]
        if any(_opens(viewer, relation, question) for relation in active):
            return ALLOWED
        if any(_consented(viewer, consent, question) for consent in given):
            return ALLOWED
        if not active and not given:
            return UNKNOWN
        return Decision(False, _reason(active, question))


class _OfPatient(Protocol):
    @property
    def patient_id(self) -> int: ...


F = TypeVar("F", bound=_OfPatient)


def _by_patient(facts: Iterable[F]) -> dict[int, list[F]]:
    found: dict[int, list[F]] = {}
    for fact in facts:
        found.setdefault(fact.patient_id, []).append(fact)
    return found


def _own(viewer: Viewer, permission: Permission) -> Decision:
    if permission not in OF_THE_PERSON:
        return Decision(False, Reason.ROLE)
    if viewer.level is not IdentityLevel.CONFIRMED and permission not in OPEN_UNCONFIRMED:
        return Decision(False, Reason.LEVEL)
    return ALLOWED


def _opens(viewer: Viewer, relation: Relation, question: Question) -> bool:
    if relation.kind is RelationKind.REPRESENTS:
        return question.permission in OF_THE_PERSON and CATEGORY[question.permission] in relation.categories
    if relation.kind is RelationKind.TREATS:
        return question.permission in OF_THE_DOCTOR and viewer.holds(Role.DOCTOR, relation.organization_id)
    same_place = question.organization_id in (None, relation.organization_id)
    return (
        same_place and question.permission in OF_THE_REVIEWER and viewer.holds(Role.REVIEWER, relation.organization_id)
    )


def _consented(viewer: Viewer, consent: Consent, question: Question) -> bool:
    asked = question.permission in OF_THE_DOCTOR and CATEGORY[question.permission] in consent.categories
    return asked and viewer.holds(Role.DOCTOR, consent.organization_id)


def _reason(active: list[Relation], question: Question) -> Reason:
    kinds = {relation.kind for relation in active}
    if RelationKind.REPRESENTS in kinds:
        return Reason.SCOPE
    if question.permission in OF_THE_DOCTOR and not kinds:
        return Reason.CONSENT
    return Reason.ROLE
