"""Loads the facts and asks the one decision, for the verbs."""

from actions.call import Acting
from domain.access import Facts, Permission, Rights, StaffPermission
from domain.errors import Forbidden, NotFound
from persistence import access as facts


async def rights(acting: Acting, patient_id: int) -> Rights:
    """Return the viewer's rights on one patient, as they stand inside the transaction."""
    found = await facts.facts(acting.tx, acting.viewer, [patient_id])
    return Rights(acting.viewer, found, acting.tx.now)


def require_role(acting: Acting, permission: Permission) -> None:
    """Check that the viewer may do this to some record; which, is asked when it is known.

    Raises:
        Forbidden: no role of the viewer has the permission.
    """
    if not Rights(acting.viewer, Facts(), acting.tx.now).could(permission):
        raise Forbidden


def places(acting: Acting, permission: StaffPermission) -> set[int]:
    """Return the organizations at which the viewer has a staff permission.

    Raises:
        Forbidden: nowhere.
    """
    found = Rights(acting.viewer, Facts(), acting.tx.now).places(permission)
    if not found:
        raise Forbidden
    return set(found)


async def require(acting: Acting, permission: Permission, patient_id: int, organization_id: int | None = None) -> None:
    """Check that the viewer may do this.

    Raises:
        NotFound: the viewer may not learn that there is such a record.
        Forbidden: the viewer knows of the record, but may not do this.
    """
    found = await rights(acting, patient_id)
    decision = found.decide(permission, patient_id, organization_id)
    if decision.allowed:
        ground = found.ground(patient_id)
        if ground is not None:
            acting.tx.grounds[patient_id] = ground
        return
    raise Forbidden if decision.known else NotFound
