import { emit } from '../core/events.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import type { GuardedStore } from './guarded-store.ts';
import type { ParsedIdempotency } from './options.ts';
import { Sleep } from './sleep.ts';
import type { OnExpiredLease } from './store.ts';
import type { IdempotencyEndedEvent } from './telemetry.ts';

/** What goes on in the background at most; beyond it, what could not be told stays untold. */
const MAX_BACKGROUND = 1000;
/** Between a close's looks at what is still under way, in milliseconds. */
const LOOK_EVERY = 20;
/** Of the event loop. In the first, who was told passes it on; streams of answers may take another. */
const TURNS_TO_PASS_ON = 2;
/** Of the newest in the moving average of durations. */
const WEIGHT = 0.2;

/** What the executions of one engine share. */
export class Keeper {
  readonly guard: GuardedStore;
  readonly options: ParsedIdempotency;
  readonly runtime: Runtime;
  /** What claims ask for where a lease is over. */
  readonly onExpired: OnExpiredLease;
  /** Requests that the store has not answered yet, or that wait. */
  opening = 0;
  /** Executions under way, and tasks in the background. */
  running = 0;
  background = 0;
  /** Answers that were given, or will be, and have not left the process. */
  leaving = 0;
  /** Repeats that wait. */
  waiting = 0;
  /** How long work usually takes, in milliseconds; 0 before the first has ended. */
  usualDuration = 0;
  readonly #waiters = new Map<string, Set<Sleep>>();
  readonly #pauses = new Set<Sleep>();
  /** Hooks whose failures nobody listens to. */
  readonly warnedOf = new Set<string>();
  /** No key is looked up any more, but for work that still runs. */
  isClosing = false;
  /** Nor does anything go on in the background. */
  isClosed = false;

  constructor(guard: GuardedStore, options: ParsedIdempotency, runtime: Runtime) {
    this.guard = guard;
    this.options = options;
    this.runtime = runtime;
    this.onExpired = options.reconcile === undefined ? options.onExpiredLease : 'reconcile';
  }

  /** An answer is to leave. Gives what the asker calls when it has: the first call counts. */
  toLeave(): () => void {
    let isLeaving = true;
    this.leaving++;
    return () => {
      if (isLeaving) this.leaving--;
      isLeaving = false;
    };
  }

  /** Runs a task that never rejects, if there is room; false if there is none. */
  inBackground(task: () => Promise<void>): boolean {
    if (this.background >= MAX_BACKGROUND || this.isClosed) return false;
    this.background++;
    void task().finally(() => this.background--);
    return true;
  }

  /**
   * Waits; false if the engine is closed meanwhile.
   *
   * @param isUnref whether a process that has nothing else to do may end.
   */
  async pause(time: number, isUnref = false): Promise<boolean> {
    if (this.isClosed) return false;
    const sleep = new Sleep(this.runtime.clock, time, undefined, isUnref);
    this.#pauses.add(sleep);
    await sleep.over;
    this.#pauses.delete(sleep);
    return !this.isClosed;
  }

  /** Waits until an execution of this key ends here, or for so long; it may end elsewhere. */
  async waitFor(id: string, time: number, signal: AbortSignal | undefined): Promise<void> {
    const sleep = new Sleep(this.runtime.clock, time, signal);
    const waiters = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, waiters.add(sleep));
    await sleep.over;
    waiters.delete(sleep);
    if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
  }

  wake(id: string): void {
    const waiters = this.#waiters.get(id);
    if (waiters === undefined) return;
    this.#waiters.delete(id);
    for (const sleep of waiters) sleep.wake();
  }

  /** Waits until all has ended that is under way, for so long at most, and ends the rest. */
  async close(wait: number): Promise<void> {
    const { clock } = this.runtime;
    const until = clock.now() + wait;
    this.isClosing = true;
    for (let left = wait; left > 0 && this.#isBusy; left = until - clock.now()) {
      await new Sleep(clock, Math.min(left, LOOK_EVERY)).over;
    }
    this.isClosed = true;
    for (const sleep of this.#pauses) sleep.wake();
    for (const id of this.#waiters.keys()) this.wake(id);
  }

  /**
   * Waits until those who have just got an answer have passed it on, where they do not say when it has left: in real
   * turns, also of an engine on a test's clock.
   */
  async passOn(): Promise<void> {
    for (let turn = 0; turn < TURNS_TO_PASS_ON; turn++) {
      await new Sleep(systemRuntime.clock, 0).over;
    }
  }

  get #isBusy(): boolean {
    const underWay = this.opening + this.running + this.background + this.leaving;
    return !this.isClosed && underWay > 0;
  }

  learn(duration: number): void {
    const usual = this.usualDuration;
    this.usualDuration = usual === 0 ? duration : usual + WEIGHT * (duration - usual);
  }
}

/** Work is over: tells, and lets those go on who wait for it. */
export function ended(
  keeper: Keeper,
  id: string,
  how: IdempotencyEndedEvent['how'],
  startedAt: number,
): void {
  const { runtime } = keeper;
  const { dependency, clock, sink } = runtime;
  const duration = (sink === null ? clock.recent() : clock.now()) - startedAt;
  keeper.learn(duration);
  if (sink !== null) {
    emit<IdempotencyEndedEvent>(runtime, { type: 'idempotency.ended', dependency, how, duration });
  }
  over(keeper, id);
}

/** The same for what was no work, and says nothing of how long that takes. */
export function over(keeper: Keeper, id: string): void {
  keeper.running--;
  keeper.wake(id);
}
