"""Permissions that a role at an organization gives, no patient being named."""

from domain.access import StaffPermission
from gql.permissions import StaffOnly


class CanReadSecurityLog(StaffOnly):
    """Administrators and security officers."""

    staff = StaffPermission.READ_SECURITY_LOG


class CanWorkQueue(StaffOnly):
    """Reviewers, at their organizations."""

    staff = StaffPermission.WORK_QUEUE


class CanSeePatients(StaffOnly):
    """Doctors."""

    staff = StaffPermission.SEE_PATIENTS


class CanTellPolicyStatus(StaffOnly):
    """Insurers' systems."""

    staff = StaffPermission.TELL_POLICY_STATUS
