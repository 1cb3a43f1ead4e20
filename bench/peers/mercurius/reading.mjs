// Resolvers and loaders: one statement a kind of row and request, whatever the number of rows.
const PATIENT = `select id, family_name as "familyName", given_name as "givenName", patronymic,
  birth_date as "birthDate", sex, phone, email, address from patient where id = $1`;
const APPOINTMENTS = `select id, status, service_type as "serviceType", starts_at as "startsAt", ends_at as "endsAt",
  reason, practitioner_id as "practitionerId", clinic_id as "clinicId"
  from appointment where patient_id = $1 order by starts_at desc, id desc limit $2`;
const OBSERVATION = `select id, taken_at as "takenAt", value, unit, flag, analyte_code as "analyteCode"
  from observation where patient_id = $1`;
const LATEST = `${OBSERVATION} order by taken_at desc, id desc limit $2`;
const SERIES = `${OBSERVATION} and analyte_code = $3 order by taken_at desc, id desc limit $2`;
const POLICIES = `select id, kind, status, number, ends_on as "endsOn", insurer_id as "insurerId"
  from policy where patient_id = $1 order by id desc limit $2`;

const run = async ({ pool }, name, text, values) => (await pool.query({ name, text, values })).rows;
const moment = { serialize: (value) => value.toISOString() };

/** Return a loader that finds rows by the key that its parents carry. */
const byKey = (name, text, keyOf) => ({
  async loader(queries, context) {
    const keys = queries.map(({ obj }) => keyOf(obj));
    const rows = await run(context, name, text, [[...new Set(keys)]]);
    const found = new Map(rows.map((row) => [row.key, row]));
    return keys.map((key) => found.get(key) ?? null);
  },
  opts: { cache: false },
});

const ORGANIZATION = "select id as key, id, name, address from organization where id = any($1::bigint[])";

export const resolvers = {
  DateTime: moment,
  Query: {
    async viewer(_, __, context) {
      const text = `select name, level, patient_id as "patientId" from account where id = $1`;
      return (await run(context, "viewer", text, [context.viewer.accountId]))[0];
    },
  },
  Viewer: {
    patient: async (viewer, _, context) => (await run(context, "patient", PATIENT, [viewer.patientId]))[0],
  },
  Patient: {
    appointments: async ({ id }, { first }, context) => ({
      nodes: await run(context, "appointments", APPOINTMENTS, [id, first]),
    }),
    observations: async ({ id }, { first, analyte }, context) => ({
      nodes: await (analyte
        ? run(context, "series", SERIES, [id, first, analyte])
        : run(context, "latest", LATEST, [id, first])),
    }),
    policies: async ({ id }, { first }, context) => ({ nodes: await run(context, "policies", POLICIES, [id, first]) }),
  },
};

export const loaders = {
  Appointment: {
    practitioner: byKey(
      "practitioners",
      `select id as key, id, name, specialty_id as "specialtyId" from practitioner where id = any($1::bigint[])`,
      (row) => row.practitionerId,
    ),
    clinic: byKey("clinics", ORGANIZATION, (row) => row.clinicId),
  },
  Practitioner: {
    specialty: byKey(
      "specialties",
      "select id as key, title from specialty where id = any($1::bigint[])",
      (row) => row.specialtyId,
    ),
  },
  Observation: {
    analyte: byKey(
      "analytes",
      "select code as key, code, title from analyte where code = any($1::text[])",
      (row) => row.analyteCode,
    ),
  },
  InsurancePolicy: { insurer: byKey("insurers", ORGANIZATION, (row) => row.insurerId) },
};
