import { Sleep } from '../../idempotency/sleep.ts';
import { systemRuntime } from '../../runtime/system.ts';

/** The same for all who ask within a turn; null before the first. */
let reached: Promise<void> | null = null;

/**
 * Once this turn of the event loop has read what came for it. Answers that are ready as soon as their requests have been
 * read wait for it, and so leave one right after another. A client on this machine, as a proxy is, then wakes for a
 * group of answers; to be woken for each of them cost the server more than its own work for the request. A store that
 * has to be waited for makes such groups by itself.
 */
export function turnEnd(): Promise<void> {
  return (reached ??= new Sleep(systemRuntime.clock, 0).over.then(forget));
}

function forget(): void {
  reached = null;
}
