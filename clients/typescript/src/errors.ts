/** Why a stream or a request ended, in types. */

/** What a stream does when the server, or the line, ends it. */
export type Verdict = 'resume' | 'reload' | 'end';

const RESUMED = new Set([
  'AUDIT_UNAVAILABLE',
  'INTERNAL',
  'OVERLOADED',
  'RECONNECT',
  'ROLE_CHANGED',
  'SERVER_STOPPING',
  'STREAM_UNAVAILABLE',
  'TIMEOUT',
  'TOO_MANY_SUBSCRIPTIONS',
]);

/** Say what follows a code of the server: most are final; what passes by itself is resumed; a gap is reloaded. */
export function verdict(code: string): Verdict {
  if (code === 'STREAM_GAP') return 'reload';
  return RESUMED.has(code) ? 'resume' : 'end';
}

/** The stream is over and will not come back by itself; `code` says why, `cursor` where to go on afterwards. */
export class StreamEnded extends Error {
  override readonly name = 'StreamEnded';

  constructor(
    /** `SESSION_ENDED`, `CONSENT_WITHDRAWN`, `FORBIDDEN`, `STREAM_GAP` (nobody reloads), … */
    readonly code: string,
    /** The last event that was handed over, or where the stream began. */
    readonly cursor: string | undefined,
    message = code,
  ) {
    super(message);
  }
}

/** The server could not be reached or asked to wait; the same request may be sent again later. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** One connection's end of a stream, before it is decided whether that is the stream's end. */
export class LineEnded extends Error {
  override readonly name = 'LineEnded';

  constructor(readonly code: string, message = code, readonly next: Verdict = verdict(code)) {
    super(message);
  }
}
