"""Permissions on one patient's record: own, represented, treated, consented, or in one's queue."""

from domain.access import Permission
from gql.permissions import RecordPermission


class CanReadProfile(RecordPermission):
    """Name, birth date and sex."""

    permission = Permission.READ_PROFILE


class CanReadContacts(RecordPermission):
    """Phone, e-mail and address."""

    permission = Permission.READ_CONTACTS


class CanReadIdentifiers(RecordPermission):
    """SNILS, passport and other numbers."""

    permission = Permission.READ_IDENTIFIERS


class CanReadAppointments(RecordPermission):
    """Visits."""

    permission = Permission.READ_APPOINTMENTS


class CanReadResults(RecordPermission):
    """Reports and observations."""

    permission = Permission.READ_RESULTS


class CanReadRecord(RecordPermission):
    """Encounters, conditions, allergies, immunizations, medicines, documents."""

    permission = Permission.READ_RECORD


class CanReadPolicies(RecordPermission):
    """Insurance policies."""

    permission = Permission.READ_POLICIES


class CanReadRequests(RecordPermission):
    """Requests and their steps."""

    permission = Permission.READ_REQUESTS


class CanReadAccessLog(RecordPermission):
    """Who opened the record."""

    permission = Permission.READ_ACCESS_LOG


class CanReadConsents(RecordPermission):
    """Consents."""

    permission = Permission.READ_CONSENTS


class CanBook(RecordPermission):
    """Booking a visit."""

    permission = Permission.BOOK


class CanCancelAppointment(RecordPermission):
    """Cancelling a visit."""

    permission = Permission.CANCEL_APPOINTMENT


class CanSubmitRequest(RecordPermission):
    """Submitting, completing and withdrawing a request."""

    permission = Permission.SUBMIT_REQUEST


class CanWorkRequests(RecordPermission):
    """A reviewer's verbs."""

    permission = Permission.WORK_REQUESTS


class CanReceiveResults(RecordPermission):
    """Filing a laboratory's result."""

    permission = Permission.RECEIVE_RESULTS


class CanGiveConsent(RecordPermission):
    """Giving and withdrawing consents."""

    permission = Permission.GIVE_CONSENT


class CanAppeal(RecordPermission):
    """Asking about the own data."""

    permission = Permission.APPEAL
