"""The one subscription that has all of a person's own events."""

from typing import Any, Final

import strawberry

from domain.events import EventKind
from gql.permissions.session import SignedIn
from gql.planning.sources import watched
from gql.schema.appointments import AppointmentChanged, SlotChanged
from gql.schema.audit import RecordOpened, SecurityAlertRaised
from gql.schema.consents import ConsentChanged
from gql.schema.happenings import Happening
from gql.schema.policies import PolicyStatusChanged
from gql.schema.recovery import RecoveryChanged
from gql.schema.registration import RegistrationChanged
from gql.schema.requests import RequestStatusChanged
from gql.schema.results import AbnormalResultArrived, CriticalResultArrived, ResultArrived
from gql.schema.roles import RoleChanged

PAYLOADS: Final[dict[EventKind, type[Any]]] = {
    EventKind.APPOINTMENT_CHANGED: AppointmentChanged,
    EventKind.SLOT_CHANGED: SlotChanged,
    EventKind.RESULT_ARRIVED: ResultArrived,
    EventKind.ABNORMAL_RESULT_ARRIVED: AbnormalResultArrived,
    EventKind.CRITICAL_RESULT_ARRIVED: CriticalResultArrived,
    EventKind.REQUEST_STATUS_CHANGED: RequestStatusChanged,
    EventKind.POLICY_STATUS_CHANGED: PolicyStatusChanged,
    EventKind.CONSENT_CHANGED: ConsentChanged,
    EventKind.RECORD_OPENED: RecordOpened,
    EventKind.SECURITY_ALERT: SecurityAlertRaised,
    EventKind.REGISTRATION_CHANGED: RegistrationChanged,
    EventKind.RECOVERY_CHANGED: RecoveryChanged,
    EventKind.ROLE_CHANGED: RoleChanged,
}
"""What each kind of event is shown as."""


@strawberry.type
class AllSubscriptions:
    """Everything in one stream."""

    events: Happening = watched(
        "Everything that concerns the viewer, in one stream: select what you want of each type by a fragment.",
        SignedIn,
        events=PAYLOADS,
        only="Patient",
    )
