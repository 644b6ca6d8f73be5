import type { Awaitable } from '../../idempotency/awaitable.ts';

/** Kept as it is at import: what a test has faked may never come. Not every runtime has it. */
const { setImmediate } = globalThis as { setImmediate?: typeof globalThis.setImmediate };

/** The same for all who ask within a turn; null before the first. */
let turnEnd: Promise<void> | null = null;

/**
 * Once this turn of the event loop has read what came for it. Answers that are ready as soon as their requests have been
 * read wait for it, and so leave one right after another. A client on this machine, as a proxy is, then wakes for a
 * group of answers; to be woken for each of them cost the server more than its own work for the request. A store that
 * has to be waited for makes such groups by itself.
 */
export function atTurnEnd<T>(value: T): Awaitable<T> {
  if (setImmediate === undefined) return value;
  turnEnd ??= new Promise((resolve) => {
    setImmediate(() => {
      turnEnd = null;
      resolve();
    });
  });
  return turnEnd.then(() => value);
}
