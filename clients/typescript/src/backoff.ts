/** Waiting between attempts: exponential, with full jitter, so that thousands of clients don't come back at once. */
export interface Waits {
  /** Longest first wait, milliseconds. */
  readonly first: number;
  /** Longest wait at all, milliseconds. */
  readonly longest: number;
}

export const WAITS: Waits = { first: 500, longest: 20_000 };

/** Return how long to wait before attempt `number` (from 0), milliseconds. */
export function wait(waits: Waits, number: number, random: () => number = Math.random): number {
  return random() * Math.min(waits.longest, waits.first * 2 ** Math.min(number, 30));
}

/** Sleep; an aborted signal ends it at once, without an error. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
