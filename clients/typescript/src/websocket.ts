/** Subscriptions over graphql-transport-ws: one socket for all of them. */
import { CloseCode, createClient, type Client } from 'graphql-ws';

import { LineEnded } from './errors.js';
import type { Answer, Credentials, Line, ResponseError } from './types.js';

/** Between two pings, and from a ping to giving the line up for dead, milliseconds. */
const PING = 12_000;
const PONG = 8_000;

/** Close codes that a new connection would not change; 4403 is a session that the server doesn't know. */
const FINAL = new Map<number, string>([
  [CloseCode.Forbidden, 'SESSION_ENDED'],
  [CloseCode.BadRequest, 'PROTOCOL'],
  [CloseCode.Unauthorized, 'PROTOCOL'],
  [CloseCode.SubprotocolNotAcceptable, 'PROTOCOL'],
  [CloseCode.SubscriberAlreadyExists, 'PROTOCOL'],
  [CloseCode.TooManyInitialisationRequests, 'PROTOCOL'],
]);

export interface Socket {
  readonly line: Line;
  readonly close: () => void;
}

/** Return the lines of one socket, which is opened by the first of them and closed after the last. */
export function socket(url: string, credentials: () => Promise<Credentials>, webSocketImpl?: unknown): Socket {
  let pong: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url,
    webSocketImpl,
    retryAttempts: 0, // its own retries would subscribe with the cursor of the beginning
    keepAlive: PING,
    connectionParams: async () => introduction(await credentials()),
    on: {
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG);
      },
      pong: () => clearTimeout(pong),
      closed: () => clearTimeout(pong),
    },
  });
  return { line: lineOf(client), close: () => void client.dispose() };
}

function introduction({ token, csrfToken }: Credentials): Record<string, unknown> {
  return { ...(token && { authorization: `Bearer ${token}` }), ...(csrfToken && { csrfToken }) };
}

function lineOf(client: Client): Line {
  return (operation, heard, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return resolve();
      const { query, variables, operationName } = operation;
      const payload = { query, variables: { ...variables }, ...(operationName && { operationName }) };
      const stop = client.subscribe(payload, {
        next: (answer) => heard(answer as Answer<unknown>),
        error: (reason) => {
          const ended = lineEnded(reason);
          if (ended.code.startsWith('SESSION_')) client.terminate(); // the next connection asks for credentials anew
          reject(ended);
        },
        complete: resolve,
      });
      signal.addEventListener('abort', stop, { once: true });
    });
}

/** Return why a line ended: errors of the operation, a close event, or a connection that never was. */
function lineEnded(reason: unknown): LineEnded {
  if (Array.isArray(reason)) {
    const [error] = reason as ResponseError[];
    return new LineEnded(error?.extensions?.code ?? 'INTERNAL', error?.message);
  }
  const code = (reason as { code?: unknown } | null)?.code;
  const final = typeof code === 'number' ? FINAL.get(code) : undefined;
  if (final) return new LineEnded(final, `closed by ${code}`, 'end');
  return new LineEnded('LINE_BROKEN', `closed by ${code ?? 'the network'}`, 'resume');
}
