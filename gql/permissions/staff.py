"""Permissions that a role at an organization gives, no patient being named."""

from domain.access import StaffPermission
from domain.audit import AuditAction
from gql.permissions import StaffOnly


class CanReadSecurityLog(StaffOnly):
    """Administrators and security officers."""

    staff = StaffPermission.READ_SECURITY_LOG
    recorded = AuditAction.SECURITY_LOG


class CanWorkQueue(StaffOnly):
    """Reviewers, at their organizations."""

    staff = StaffPermission.WORK_QUEUE


class CanSeePatients(StaffOnly):
    """Doctors."""

    staff = StaffPermission.SEE_PATIENTS


class CanTellPolicyStatus(StaffOnly):
    """Insurers' systems."""

    staff = StaffPermission.TELL_POLICY_STATUS


class CanHandleMessages(StaffOnly):
    """Service operators."""

    staff = StaffPermission.HANDLE_MESSAGES
    recorded = AuditAction.LIST_MESSAGES


class CanLockAccounts(StaffOnly):
    """Security officers."""

    staff = StaffPermission.LOCK_ACCOUNTS


class CanSeeRoles(StaffOnly):
    """Administrators and security officers."""

    staff = StaffPermission.SEE_ROLES
    recorded = AuditAction.LIST_ROLES


class CanManageRoles(StaffOnly):
    """Administrators."""

    staff = StaffPermission.MANAGE_ROLES


class CanSeeDeliveries(StaffOnly):
    """Support."""

    staff = StaffPermission.SEE_DELIVERIES
    recorded = AuditAction.LIST_DELIVERIES


class CanHandleAppeals(StaffOnly):
    """Administrators and security officers."""

    staff = StaffPermission.HANDLE_APPEALS
    recorded = AuditAction.LIST_APPEALS


class CanCheckIdentity(StaffOnly):
    """Support agents."""

    staff = StaffPermission.CHECK_IDENTITY
    recorded = AuditAction.LIST_IDENTITY_CHECKS


class CanHandleIncidents(StaffOnly):
    """Security officers."""

    staff = StaffPermission.HANDLE_INCIDENTS
    recorded = AuditAction.LIST_INCIDENTS
