import { emit } from '../core/events.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { orNull } from './give-back.ts';
import type { Keeper } from './keeper.ts';
import type { IdempotencyStoreWarnedEvent } from './telemetry.ts';

/** Between looks for records that have expired, in milliseconds, and how many go at a time. */
const REAP_EVERY = 10_000;
const REAP_BATCH = 100;
/** A store has few warnings, and nobody reads more. */
const MAX_WARNINGS = 20;

/** What a store needs now and then: its expired records are reaped, and it is checked until it has answered once. */
export class Tending {
  readonly #keeper: Keeper;
  #isChecked: boolean;
  #dueAt = 0;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
    this.#isChecked = !keeper.options.startCheck;
  }

  /** To be called for each request: so it needs no timer, which would hold the process. */
  nowAndThen(): void {
    const { guard, runtime } = this.#keeper;
    const now = runtime.clock.recent();
    if (now < this.#dueAt) return;
    this.#dueAt = now + REAP_EVERY;
    if (!this.#isChecked) {
      this.#isChecked = true;
      this.#keeper.inBackground(async () => {
        this.#isChecked = await check(this.#keeper);
      });
    }
    this.#keeper.inBackground(async () => {
      const reaped = await orNull(() => guard.tell('reap', (store) => store.reap(REAP_BATCH)));
      if (reaped === REAP_BATCH) this.#dueAt = 0;
    });
  }
}

/** Asks the store what endangers its promises, and tells of it: whether the store has answered. Never rejects. */
async function check({ guard, runtime }: Keeper): Promise<boolean> {
  try {
    const warnings = await guard.tell('check', (store) => store.check());
    for (const warning of warnings.slice(0, MAX_WARNINGS)) tell(runtime, warning);
    return true;
  } catch {
    return false;
  }
}

/** By an event, or, where nobody listens, by a warning. */
function tell(runtime: Runtime, warning: string): void {
  const { dependency, sink } = runtime;
  if (sink === null) {
    runtime.warn?.(`${dependency}: ${warning}`);
    return;
  }
  emit<IdempotencyStoreWarnedEvent>(runtime, {
    type: 'idempotency.store-warned',
    dependency,
    warning,
  });
}
