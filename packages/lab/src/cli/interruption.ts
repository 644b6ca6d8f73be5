import { constants } from 'node:os';

/** What one ends a command with. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The command was ended by a signal before it had done its work. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 128 + the signal's number, as shells have it: 130 for SIGINT, 143 for SIGTERM. */
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Runs something that stops when its AbortSignal says so, with an `Interrupted` as the reason; the
 * first SIGINT or SIGTERM aborts it. A second one ends the process at once, as it does by itself.
 */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: (typeof SIGNALS)[number]): void => {
    release();
    controller.abort(new Interrupted(signal));
  };
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, abort);
  };
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await run(controller.signal);
  } finally {
    release();
  }
}
