create index on account (patient_id);
create index on session (account_id);
create index on practitioner (specialty_id);
create index on practitioner (clinic_id);
create index on consent (patient_id, since desc, id desc);
create index on consent (practitioner_id);
create index on policy (patient_id, id desc);
create index on policy (insurer_id);
create index on slot (clinic_id);
create index on appointment (patient_id, starts_at desc, id desc);
create index on appointment (practitioner_id, starts_at);
create index on appointment (clinic_id);
create index on observation (patient_id, taken_at desc, id desc);
create index on observation (patient_id, analyte_code, taken_at desc, id desc);
create index on observation (analyte_code);

-- A booking as one function: what PostGraphile's and the raw handler's authors would call.
create function book(by_account bigint, wanted bigint, kind text, why text) returns appointment
language plpgsql volatile as $$
declare
  taken slot;
  done appointment;
begin
  update slot set state = 'TAKEN' where id = wanted and state = 'FREE' returning * into taken;
  if taken.id is null then
    return null;
  end if;
  insert into appointment (patient_id, practitioner_id, clinic_id, starts_at, ends_at, status, service_type, reason)
  select patient_id, taken.practitioner_id, taken.clinic_id, taken.starts_at, taken.ends_at, 'BOOKED', kind, why
  from account where id = by_account
  returning * into done;
  return done;
end
$$;
