"""Permissions that depend on the session alone."""

from domain.access import ALLOWED, Decision, Reason, Rights
from gql.permissions import ViewerPermission


class SignedIn(ViewerPermission):
    """The viewer has signed in, with both factors."""

    @classmethod
    def decide_viewer(cls, rights: Rights) -> Decision:
        """Return whether there is a viewer."""
        return ALLOWED if rights.viewer else Decision(False, Reason.SIGN_IN)
