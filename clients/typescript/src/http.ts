/** Queries and mutations over HTTP, and subscriptions over server-sent events for clients behind proxies. */
import { pause, wait, type Waits } from './backoff.js';
import { LineEnded, Unreachable } from './errors.js';
import type { Answer, Credentials, Line, Operation } from './types.js';

const GRAPHQL = 'application/graphql-response+json';
const STREAM = 'text/event-stream';
/** How long a request with a key is repeated, milliseconds. */
const REPEATED = 60_000;
/** Silence after which a stream is given up, milliseconds; the server's heartbeat comes each 12 s. */
const SILENCE = 30_000;

export interface Asking {
  /** The client's key of a mutation: with it the request is repeated until answered, and acts once. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Fetch = typeof globalThis.fetch;

/** HTTP to one address. */
export class Http {
  constructor(
    private readonly url: string,
    private readonly credentials: () => Promise<Credentials>,
    private readonly fetch: Fetch,
    private readonly waits: Waits,
  ) {}

  /**
   * Run a query or mutation and return the whole answer.
   *
   * @throws Unreachable: no answer, or 429 or 503; with a key, for a minute.
   */
  async ask<Data>(operation: Operation, { key, signal = never() }: Asking = {}): Promise<Answer<Data>> {
    const givenUp = Date.now() + REPEATED;
    for (let failures = 0; ; failures++) {
      try {
        return await whole<Data>(await this.#sent(operation, GRAPHQL, signal, key));
      } catch (error) {
        if (!(error instanceof Unreachable) || signal.aborted || !key || Date.now() > givenUp) throw error;
        const asked = error instanceof Busy ? error.milliseconds : 0;
        await pause(asked + wait(this.waits, failures), signal);
      }
    }
  }

  /** One subscription as server-sent events. */
  readonly line: Line = async (operation, heard, signal) => {
    try {
      const response = await this.#sent(operation, STREAM, signal);
      const streams = response.headers.get('content-type')?.startsWith(STREAM);
      if (!streams) throw refusal(await whole(response));
      for await (const message of events(response.body!)) {
        if (message.event === 'complete') return;
        if (message.data) heard(JSON.parse(message.data) as Answer<unknown>);
      }
    } catch (error) {
      if (error instanceof LineEnded) throw error;
      throw new LineEnded('LINE_BROKEN', String(error), 'resume');
    }
    throw new LineEnded('LINE_BROKEN', 'cut off', 'resume');
  };

  async #sent(operation: Operation, accept: string, signal: AbortSignal, key?: string): Promise<Response> {
    const { token, csrfToken } = await this.credentials();
    const headers = {
      accept,
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...(csrfToken && { 'x-csrf-token': csrfToken }),
      ...(key && { 'idempotency-key': key }),
    };
    const { fetch } = this; // a browser's own refuses to be called as a method
    let response: Response;
    try {
      response = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify(operation), signal });
    } catch (error) {
      throw new Unreachable(String(error));
    }
    if (response.status === 429 || response.status === 503) throw new Busy(response.headers.get('retry-after'));
    if (response.status >= 502) throw new Unreachable(`status ${response.status}`); // a proxy's, not ours
    return response;
  }
}

/** The server asks to wait. */
class Busy extends Unreachable {
  readonly milliseconds: number;

  constructor(retryAfter: string | null) {
    super('the server is busy');
    this.milliseconds = Math.min(60, Number(retryAfter) || 0) * 1000;
  }
}

/** Return the answer in a response that may be cut off. */
async function whole<Data>(response: Response): Promise<Answer<Data>> {
  try {
    return (await response.json()) as Answer<Data>;
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

function never(): AbortSignal {
  return new AbortController().signal;
}

function refusal(answer: Answer<unknown>): LineEnded {
  const [error] = answer.errors ?? [];
  return new LineEnded(error?.extensions?.code ?? 'PROTOCOL', error?.message);
}

/** Yield the messages of an event stream; a silent one is given up. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<{ event: string; data: string }> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done) return;
      const messages = (rest + value).split('\n\n');
      rest = messages.pop()!;
      for (const message of messages) yield parsed(message);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parsed(message: string): { event: string; data: string } {
  const found = { event: 'message', data: '' };
  for (const line of message.split('\n')) {
    if (line.startsWith('event: ')) found.event = line.slice(7);
    else if (line.startsWith('data: ')) found.data += line.slice(6);
  }
  return found;
}

async function withinSilence<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('silent')), SILENCE);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
