"""Ids for verbs alone: they name a row in an input, and `node` doesn't answer to them."""

from gql.planning.ids import NodeId


def ref(typename: str, number: int) -> str:
    """Return an opaque id of a row."""
    return NodeId(typename, (number,)).text()


def registration_ref(number: int) -> str:
    """Return a registration's id."""
    return ref("Registration", number)


def passkey_ref(number: int) -> str:
    """Return a passkey's id."""
    return ref("Passkey", number)


def entry_ref(number: int) -> str:
    """Return an audit entry's id."""
    return ref("AuditEntry", number)


def account_ref(number: int | None) -> str | None:
    """Return an account's id."""
    return None if number is None else ref("Account", number)


def session_ref(number: int) -> str:
    """Return a session's id."""
    return ref("Session", number)


def alert_ref(number: int) -> str:
    """Return an alert's id."""
    return ref("SecurityAlert", number)


def appeal_ref(number: int) -> str:
    """Return an appeal's id."""
    return ref("Appeal", number)


def message_ref(number: int) -> str:
    """Return a stored message's id."""
    return ref("InboundMessage", number)


def feed_ref(number: int) -> str:
    """Return a calendar feed's id."""
    return ref("CalendarFeed", number)


def notification_ref(number: int) -> str:
    """Return a notification's id."""
    return ref("Notification", number)


def grant_ref(number: int) -> str:
    """Return a given role's id."""
    return ref("RoleGrant", number)


def incident_ref(number: int) -> str:
    """Return an incident's id."""
    return ref("Incident", number)
