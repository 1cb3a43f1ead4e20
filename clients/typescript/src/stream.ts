/** A stream that outlives its connections: each event once, in order, from a cursor on. */
import { pause, wait, type Waits } from './backoff.js';
import { LineEnded, StreamEnded, Unreachable } from './errors.js';
import { Inbox } from './inbox.js';
import type { Answer, Happened, Line, Operation } from './types.js';

/** Events that wait for a slow consumer; one who falls further behind reads on from the cursor, later. */
const BOUND = 1000;
/** Cursors that are remembered, in case an event comes twice. */
const REMEMBERED = 1000;
/** A connection that stood so long, milliseconds, was a good one: waiting begins from the start again. */
const STOOD = 5000;

export interface Following {
  /** A cursor or an `asOf`; without it, from now on (the present is asked for first). */
  readonly after?: string | undefined;
  /** Some events are no longer kept: load the data anew and return its `asOf`. Without it a gap ends the stream. */
  readonly reload?: (() => Promise<string>) | undefined;
  /** Told before each wait, to show that the line is down: why, and for how many milliseconds. */
  readonly waiting?: ((code: string, milliseconds: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a stream needs of its client. */
export interface Means {
  readonly line: Line;
  readonly asOf: (signal: AbortSignal) => Promise<string>;
  readonly waits: Waits;
}

/**
 * Follow a subscription.
 *
 * @throws StreamEnded: it is over for a typed reason.
 * @throws TypeError: the document takes no `$after`, or doesn't select `cursor`.
 */
export async function* follow<Data>(
  means: Means,
  operation: Operation,
  options: Following = {},
): AsyncGenerator<Happened<Data>, void> {
  if (!/\$after\b/.test(operation.query)) throw new TypeError('the document must take $after: String and pass it on');
  const signal = options.signal ?? new AbortController().signal;
  const known = new Known();
  let cursor = options.after;
  let failures = 0;
  while (!signal.aborted) {
    const began = Date.now();
    try {
      cursor ??= await means.asOf(signal);
      const asked = { ...operation, variables: { ...operation.variables, after: cursor } };
      for await (const happened of heard<Data>(means.line, asked, signal)) {
        if (signal.aborted) return;
        failures = 0;
        if (known.has(happened.cursor)) continue;
        cursor = happened.cursor;
        yield happened;
      }
      continue; // fell behind: what is missing is read from the cursor, at once
    } catch (error) {
      if (signal.aborted) return;
      const code = passing(error, cursor);
      if (code === 'STREAM_GAP') cursor = await reloaded(means, options, signal, cursor);
      else {
        failures = Date.now() - began > STOOD ? 0 : failures;
        const milliseconds = wait(means.waits, failures++);
        options.waiting?.(code, milliseconds);
        await pause(milliseconds, signal);
      }
    }
  }
}

/** Yield the events of one connection. It ends without an error only if the consumer fell too far behind. */
async function* heard<Data>(line: Line, operation: Operation, outer: AbortSignal): AsyncGenerator<Happened<Data>, void> {
  const inbox = new Inbox<Happened<Data>>(BOUND);
  const own = new AbortController();
  const signal = AbortSignal.any([outer, own.signal]);
  const ended = () => inbox.end(new LineEnded('ABORTED'));
  outer.addEventListener('abort', ended);
  const take = (answer: Answer<unknown>) => {
    try {
      if (inbox.put(event<Data>(answer))) return;
      inbox.end();
    } catch (error) {
      inbox.end(error);
    }
    own.abort();
  };
  line(operation, take, signal).then(
    () => inbox.end(new LineEnded('COMPLETED', 'completed', 'resume')),
    (error: unknown) => inbox.end(error),
  );
  try {
    yield* inbox;
  } finally {
    outer.removeEventListener('abort', ended);
    own.abort();
  }
}

/** Return an answer's event. */
function event<Data>(answer: Answer<unknown>): Happened<Data> {
  const fields = Object.values(answer.data ?? {}) as ({ cursor?: unknown } | null)[];
  const cursor = fields.find((field) => typeof field?.cursor === 'string')?.cursor;
  if (typeof cursor === 'string') return { data: answer.data as Data, cursor };
  const [error] = answer.errors ?? [];
  if (error) throw new LineEnded(error.extensions?.code ?? 'INTERNAL', error.message);
  throw new TypeError('the document must select `cursor` with each event');
}

/** Return the code of what passes by itself, or of a gap; what doesn't is thrown. */
function passing(error: unknown, cursor: string | undefined): string {
  if (error instanceof Unreachable) return 'UNREACHABLE';
  if (!(error instanceof LineEnded)) throw error;
  if (error.next === 'end') throw new StreamEnded(error.code, cursor, error.message);
  return error.code;
}

/** Have the data loaded anew until that succeeds; return where the stream goes on. */
async function reloaded(
  means: Means,
  { reload, waiting }: Following,
  signal: AbortSignal,
  cursor: string | undefined,
): Promise<string | undefined> {
  if (!reload) throw new StreamEnded('STREAM_GAP', cursor);
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await reload();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      const milliseconds = wait(means.waits, failures);
      waiting?.('UNREACHABLE', milliseconds);
      await pause(milliseconds, signal);
    }
  }
  return cursor;
}

/** The last cursors that were handed over. */
class Known {
  #cursors = new Set<string>();

  /** Return whether a cursor was here before, and remember it. */
  has(cursor: string): boolean {
    if (this.#cursors.has(cursor)) return true;
    this.#cursors.add(cursor);
    if (this.#cursors.size > REMEMBERED) this.#cursors.delete(this.#cursors.values().next().value!);
    return false;
  }
}
