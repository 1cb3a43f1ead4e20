/** Medkabinet for browsers and Node: requests that act once, streams that lose nothing. */
import { WAITS, type Waits } from './backoff.js';
import { LineEnded, Unreachable } from './errors.js';
import { Http, type Asking } from './http.js';
import { follow, type Following, type Means } from './stream.js';
import type { Answer, Credentials, Happened, Operation } from './types.js';
import { socket, type Socket } from './websocket.js';

export { StreamEnded, Unreachable } from './errors.js';
export type { Answer, Asking, Credentials, Following, Happened, Operation, Waits };
export type { ResponseError } from './types.js';

export interface Options {
  /** The API's address: `https://…/graphql`. */
  readonly url: string;
  /** Who is asking; asked anew for every connection and every request. */
  readonly credentials?: () => Credentials | Promise<Credentials>;
  /** What carries subscriptions; server-sent events where a proxy lets no websocket through. */
  readonly streams?: 'websocket' | 'sse';
  /** Waiting between attempts. */
  readonly waits?: Waits;
  /** For Node before 22, which has none: `import { WebSocket } from 'ws'`. */
  readonly webSocket?: unknown;
  readonly fetch?: typeof globalThis.fetch;
}

/** What urql's exchanges and Apollo's links give to be told. */
export interface Observer<Data> {
  next(happened: Happened<Data>): void;
  error(reason: unknown): void;
  complete(): void;
}

/** A client of one server. */
export class Medkabinet {
  readonly #http: Http;
  readonly #means: Means;
  readonly #socket: Socket | undefined;

  constructor(options: Options) {
    const credentials = async () => (await options.credentials?.()) ?? {};
    const waits = options.waits ?? WAITS;
    this.#http = new Http(options.url, credentials, options.fetch ?? globalThis.fetch.bind(globalThis), waits);
    if (options.streams !== 'sse') {
      this.#socket = socket(options.url.replace(/^http/, 'ws'), credentials, options.webSocket);
    }
    this.#means = { waits, line: this.#socket?.line ?? this.#http.line, asOf: (signal) => this.#now(signal) };
  }

  /** Run a query or mutation; see `Http.ask`. */
  ask<Data = unknown>(operation: Operation, asking?: Asking): Promise<Answer<Data>> {
    return this.#http.ask<Data>(operation, asking);
  }

  /** Follow a subscription; see `follow`. Leaving the loop, or the signal, ends it. */
  follow<Data = unknown>(operation: Operation, following?: Following): AsyncGenerator<Happened<Data>, void> {
    return follow<Data>(this.#means, operation, following);
  }

  /** Follow a subscription for an observer; return what ends it. */
  watch<Data = unknown>(operation: Operation, observer: Observer<Data>, following: Following = {}): () => void {
    const own = new AbortController();
    const signal = following.signal ? AbortSignal.any([own.signal, following.signal]) : own.signal;
    const watching = async () => {
      for await (const happened of this.follow<Data>(operation, { ...following, signal })) {
        if (!signal.aborted) observer.next(happened);
      }
    };
    watching().then(
      () => own.signal.aborted || observer.complete(),
      (reason: unknown) => own.signal.aborted || observer.error(reason),
    );
    return () => own.abort();
  }

  /** Close the socket; streams that are still followed open another. */
  close(): void {
    this.#socket?.close();
  }

  async #now(signal: AbortSignal): Promise<string> {
    const { data, errors } = await this.#http.ask<{ asOf: string }>({ query: '{ asOf }' }, { signal });
    if (data) return data.asOf;
    const [error] = errors ?? [];
    if (error) throw new LineEnded(error.extensions?.code ?? 'INTERNAL', error.message);
    throw new Unreachable('no answer');
  }
}
