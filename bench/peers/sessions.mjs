// Who a bearer token stands for; remembered for half a minute, as a team would (ours: never longer than a second).
import { createHash } from "node:crypto";

const REMEMBERED = 30_000;
const known = new Map();

/** Return {accountId, patientId} of a request's token, or null. */
export async function viewerOf(pool, authorization) {
  const token = authorization?.startsWith("Bearer ") ? authorization.slice(7) : null;
  if (token === null) return null;
  const found = known.get(token);
  if (found !== undefined && found.until > Date.now()) return found.viewer;
  const { rows } = await pool.query({
    name: "session",
    text: `select a.id as "accountId", a.patient_id as "patientId"
           from session s join account a on a.id = s.account_id where s.token_hash = $1`,
    values: [createHash("sha256").update(token).digest()],
  });
  const viewer = rows[0] ?? null;
  known.set(token, { until: Date.now() + REMEMBERED, viewer });
  return viewer;
}
