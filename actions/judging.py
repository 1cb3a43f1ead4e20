"""Judging a person's values: what of the person our reference ranges depend on, and the body that comes of it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from domain.flags import Whom, judge
from domain.patients import Sex
from domain.reference_ranges import speaks_of_pregnancy
from domain.results import ObservationSent
from persistence import conditions, patients
from persistence.results import ObservationBody
from persistence.store import Snapshot


async def whom(snapshot: Snapshot, patient_id: int, observations: Iterable[ObservationSent]) -> Whom:
    """Return the person whom values are judged for; nobody in particular where every value comes with its flag."""
    if all(sent.flag for sent in observations):
        return Whom()
    known = await patients.by_id(snapshot, patient_id)
    if known is None:
        return Whom()
    person = known[1]
    codes = [] if person.sex is Sex.MALE else await conditions.active_codes(snapshot, patient_id)
    return Whom(person.sex, person.birth_date, any(speaks_of_pregnancy(code) for code in codes))


def judged(sent: ObservationSent, person: Whom, taken_at: datetime) -> ObservationBody:
    """Return a value as it is kept, digits as sent, with its flag; our range stands beside it in its own unit only."""
    flag, own = judge(sent, person, taken_at.date())
    body = ObservationBody(
        sent.code, sent.title, sent.value, sent.unit, sent.low, sent.high, flag, sent.note, sent.system
    )
    if own is None or own.unit != sent.unit:
        return body
    low, high = (None if bound is None else str(bound) for bound in (own.low, own.high))
    return msgspec.structs.replace(body, low=low, high=high, own_range=True)
