"""Permission classes: each asks one question and decides nothing itself; `domain.access` has decided.

They are declared on fields and print in the SDL as directives, so that they are part of the contract.
"""

from typing import Any, ClassVar

from strawberry.permission import BasePermission
from strawberry.types import Info

from domain.access import Decision, Permission, Rights, StaffPermission
from domain.audit import AuditAction


class RecordPermission(BasePermission):
    """May the viewer do this with the patient's record that the field belongs to?"""

    permission: ClassVar[Permission]

    @classmethod
    def decide(cls, rights: Rights, patient_id: int, organization_id: int | None) -> Decision:
        """Return the decision on a record."""
        return rights.decide(cls.permission, patient_id, organization_id)

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:
        """Return whether the viewer could hold this permission for any record; the action asks for the very one."""
        return bool(info.context.rights.could(self.permission))


class ViewerPermission(BasePermission):
    """May the viewer do this at all?"""

    @classmethod
    def decide_viewer(cls, rights: Rights) -> Decision:
        """Return the decision on the viewer."""
        raise NotImplementedError

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:
        """Return the decision for the root field."""
        return self.decide_viewer(info.context.rights).allowed


class StaffOnly(ViewerPermission):
    """Base of permissions that roles at organizations give."""

    staff: ClassVar[StaffPermission]
    recorded: ClassVar[AuditAction | None] = None
    """What the audit log says of a list that is opened by it, though its rows are about nobody's record."""

    @classmethod
    def decide_viewer(cls, rights: Rights) -> Decision:
        """Return whether some role of the viewer has the permission."""
        return rights.staff(cls.staff)
