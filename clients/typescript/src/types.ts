/** What is asked, and what comes back. */

/** A document and its variables. */
export interface Operation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
}

/** An error of a GraphQL response; `extensions.code` is stable. */
export interface ResponseError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly [name: string]: unknown };
}

/** A GraphQL response. */
export interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly ResponseError[];
  readonly extensions?: { readonly asOf?: string; readonly [name: string]: unknown };
}

/** An event of a stream, and the place in the log behind it: kept, it resumes the stream in another process too. */
export interface Happened<Data> {
  readonly data: Data;
  readonly cursor: string;
}

/** Who is asking; asked anew for every connection and every request. */
export interface Credentials {
  /** A session's token. */
  readonly token?: string;
  /** The cookie session's CSRF token, in a browser. */
  readonly csrfToken?: string;
}

/** One subscription on one connection: resolves when the server completes it, rejects with LineEnded. */
export type Line = (
  operation: Operation,
  heard: (answer: Answer<unknown>) => void,
  signal: AbortSignal,
) => Promise<void>;
