"""A statement an operation: the session's token in, the answer's JSON out."""

from typing import Final

_MOMENT = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""
_VIEWER = """
from session s join account a on a.id = s.account_id join patient p on p.id = a.patient_id where s.token_hash = $1"""
_PROFILE = """'id', p.id::text, 'familyName', p.family_name, 'givenName', p.given_name, 'patronymic', p.patronymic,
  'birthDate', p.birth_date, 'sex', p.sex, 'phone', p.phone, 'email', p.email"""


def _visit(practitioner: str) -> str:
    return f"""json_build_object('id', v.id::text, 'status', v.status, 'serviceType', v.service_type,
  'startsAt', to_char(v.starts_at, {_MOMENT}), 'endsAt', to_char(v.ends_at, {_MOMENT}), 'reason', v.reason,
  'practitioner', json_build_object('id', d.id::text, 'name', d.name{practitioner}),
  'clinic', json_build_object('id', o.id::text, 'name', o.name, 'address', o.address))"""


_POINT = f"'takenAt', to_char(t.taken_at, {_MOMENT}), 'value', t.value::text, 'unit', t.unit, 'flag', t.flag"
_DASH = f"""select json_build_object('data', json_build_object('viewer', json_build_object(
  'name', a.name, 'level', a.level, 'patient', json_build_object({_PROFILE},
  'appointments', json_build_object('nodes', (select coalesce(json_agg({
    _visit(", 'specialty', json_build_object('title', k.title)")
} order by v.starts_at desc, v.id desc), '[]')
    from (select * from appointment where patient_id = p.id order by starts_at desc, id desc limit 10) v
    join practitioner d on d.id = v.practitioner_id join specialty k on k.id = d.specialty_id
    join organization o on o.id = v.clinic_id)),
  'observations', json_build_object('nodes', (select coalesce(json_agg(json_build_object('id', t.id::text, {_POINT},
      'analyte', json_build_object('code', y.code, 'title', y.title)) order by t.taken_at desc, t.id desc), '[]')
    from (select * from observation where patient_id = p.id order by taken_at desc, id desc limit 10) t
    join analyte y on y.code = t.analyte_code)),
  'policies', json_build_object('nodes', (select coalesce(json_agg(json_build_object('id', l.id::text, 'kind', l.kind,
      'status', l.status, 'number', l.number, 'endsOn', l.ends_on,
      'insurer', json_build_object('id', o.id::text, 'name', o.name)) order by l.id desc), '[]')
    from (select * from policy where patient_id = p.id order by id desc limit 5) l
    join organization o on o.id = l.insurer_id)))))){_VIEWER}"""

STATEMENTS: Final = {
    "me": f"""select json_build_object('data', json_build_object('viewer', json_build_object('name', a.name,
  'level', a.level, 'patient', json_build_object({_PROFILE}, 'address', p.address)))){_VIEWER}""",
    "dash": _DASH,
    "trend": f"""select json_build_object('data', json_build_object('viewer', json_build_object('patient',
  json_build_object('observations', json_build_object('nodes', (
    select coalesce(json_agg(json_build_object({_POINT})), '[]')
    from (select * from observation where patient_id = p.id and analyte_code = $2
      order by taken_at desc, id desc limit 500) t)))))){_VIEWER}""",
    "book": f"""select json_build_object('data', json_build_object('bookAppointment', json_build_object('appointment',
  {_visit("")})))
from session s cross join lateral book(s.account_id, $2, $3, $4) v
join practitioner d on d.id = v.practitioner_id join organization o on o.id = v.clinic_id where s.token_hash = $1""",
}
