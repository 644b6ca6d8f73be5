import { emit } from '../core/events.ts';
import { startUnref, TimerNode } from '../runtime/clock.ts';
import type { Awaitable } from './awaitable.ts';
import { LeaseLostError } from './errors.ts';
import { ended, type Keeper, over } from './keeper.ts';
import { hookFailed } from './hook-failed.ts';
import type { Completion, OwnedExecution } from './idempotency.ts';
import { derivedKey, Steps } from './steps.ts';
import { Sleep } from './sleep.ts';
import type { Granted, IdempotencyStore, Owned, RecoveryPoint } from './store.ts';
import type { IdempotencyLeaseLostEvent } from './telemetry.ts';
import { wrongResult } from './values.ts';

/** Pauses between the tries to keep what the work waits for, in milliseconds. */
const PAUSES = [50, 200];
/** Pauses between later tries double up to this. */
const LONGEST_PAUSE = 5000;

/**
 * Work under a lease: the key is its own until it ends or falls silent. As a timer node, it is the
 * heartbeat.
 */
export class LeasedExecution extends TimerNode implements OwnedExecution<undefined> {
  readonly key: string;
  readonly attempt: number;
  readonly transaction = undefined;
  readonly #keeper: Keeper;
  readonly #owned: Owned;
  readonly #fingerprint: string;
  readonly #startedAt: number;
  /** False if it only finds out what became of another's work. */
  readonly #isWork: boolean;
  /** How long the lease still holds once the outcome is unknown, in milliseconds. */
  readonly #holdFor: number;
  /** Made when somebody looks at the signal. */
  #controller: AbortController | null = null;
  #isLost = false;
  /** On our own clock, and early rather than late: counted from before the store was asked. */
  #leaseEnd: number;
  #end: Awaitable<Completion> | null = null;
  /** Made when there is one, or somebody looks. */
  #steps: Steps | null = null;

  constructor(
    keeper: Keeper,
    owned: Owned,
    asked: { readonly key: string; readonly fingerprint: string; readonly at: number },
    { kind, attempt, points }: Granted,
  ) {
    super();
    this.key = asked.key;
    this.attempt = attempt;
    this.#keeper = keeper;
    // And nothing else that `owned` may have: stores send what they are given.
    this.#owned = { id: owned.id, token: owned.token };
    this.#fingerprint = asked.fingerprint;
    this.#startedAt = asked.at;
    this.#isWork = kind === 'claimed';
    this.#holdFor = this.#isWork ? holdFor(keeper) : 0;
    this.#leaseEnd = asked.at + keeper.options.lease;
    for (const point of points) this.#stepsSoFar.restore(point);
    this.#beatIn(keeper.options.lease / 3);
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#isLost) this.#controller.abort(this.#lost());
    }
    return this.#controller.signal;
  }

  get points(): Map<string, unknown> {
    return this.#stepsSoFar.points;
  }

  // Getters, since few handlers ask for them, and those that do may take them out of their object.
  get step() {
    return <T>(name: string, work: () => T | PromiseLike<T>): Promise<T> =>
      this.#stepsSoFar.run(name, () => this.#unlessLost(work));
  }

  get keyFor() {
    return (name: string): string => derivedKey(this.#owned.id, name);
  }

  complete(result: string): Awaitable<Completion> {
    const wrong = wrongResult(result, 'complete: the result');
    if (wrong !== null) return Promise.reject(wrong);
    return (this.#end ??= this.#complete(result));
  }

  async release(): Promise<void> {
    // What its steps have done has happened: whoever takes over goes on from there.
    if (this.#keeper.onExpired === 'takeover' && this.points.size > 0) return this.hold();
    await (this.#end ??= this.#tell('release', 'released', (store) => store.release(this.#owned)));
  }

  async hold(fault?: unknown): Promise<void> {
    if (fault !== undefined) hookFailed(this.#keeper, 'storeResult', fault);
    await (this.#end ??= this.#giveUp());
  }

  get #stepsSoFar(): Steps {
    return (this.#steps ??= new Steps(
      (point) => this.#checkpoint(point),
      this.#keeper.options.maxResultLength,
    ));
  }

  override expire(): void {
    void this.#beat();
  }

  /** Counted from the clock's last reading, which may be old: an early heartbeat does no harm. */
  #beatIn(time: number): void {
    const { clock } = this.#keeper.runtime;
    // It is for the work to hold the process, not for its heartbeat.
    startUnref(clock, this, Math.min(time, this.#giveUpAt - clock.recent()));
  }

  /** When the work has taken too long. */
  get #giveUpAt(): number {
    return this.#startedAt + this.#keeper.options.maxDuration;
  }

  async #beat(): Promise<void> {
    const { runtime, options, guard } = this.#keeper;
    const sentAt = runtime.clock.now();
    let pause = options.lease / 3;
    if (sentAt >= this.#giveUpAt) {
      this.#loseLease();
      return;
    }
    try {
      const isOurs = await guard.tell('extend', (store) =>
        store.extend(this.#owned, options.lease),
      );
      if (this.#end !== null) return;
      // It is lost for good: nobody is granted our token again.
      if (!isOurs) return this.#loseLease();
      this.#leaseEnd = sentAt + options.lease;
    } catch {
      // The store may be back before the lease is over.
      pause /= 3;
    }
    if (this.#end !== null) return;
    if (runtime.clock.now() >= this.#leaseEnd) {
      this.#loseLease();
      // The store has been closed as well, most likely.
      if (this.#keeper.isClosed) return;
    }
    this.#beatIn(pause);
  }

  #loseLease(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const { runtime } = this.#keeper;
    const { dependency } = runtime;
    emit<IdempotencyLeaseLostEvent>(runtime, { type: 'idempotency.lease-lost', dependency });
    this.#controller?.abort(this.#lost());
  }

  /** A step has heard that another took over: the heartbeat has nothing to extend any more. */
  #taken(): LeaseLostError {
    this.#rest();
    this.#loseLease();
    return this.#lost();
  }

  #lost(): LeaseLostError {
    return new LeaseLostError({ name: this.#keeper.runtime.dependency });
  }

  /** Where the key may be another's, the store is asked before a step: a late owner's effect would be one too many. */
  async #unlessLost<T>(work: () => T | PromiseLike<T>): Promise<T> {
    const isOver = this.#isLost || this.#end !== null;
    const mayBeLost = isOver || this.#keeper.runtime.clock.now() >= this.#leaseEnd;
    if (mayBeLost && (await this.#isTaken())) throw this.#taken();
    return await work();
  }

  /** By how much a step extends the lease; work that has ended, or taken too long, keeps what it has left of it. */
  get #extension(): number {
    const now = this.#keeper.runtime.clock.now();
    const isAtWork = this.#end === null && now < this.#giveUpAt;
    return isAtWork ? this.#keeper.options.lease : Math.max(0, this.#leaseEnd - now);
  }

  /** Whether another has the key; false where the store cannot be asked. */
  async #isTaken(): Promise<boolean> {
    const { guard } = this.#keeper;
    try {
      return !(await guard.tell('extend', (store) => store.extend(this.#owned, this.#extension)));
    } catch {
      return false;
    }
  }

  /**
   * The step has been done. If the store cannot be told, the work goes on: it would be left half done otherwise, and
   * only a takeover repeats the step.
   */
  async #checkpoint(point: RecoveryPoint): Promise<void> {
    const { guard } = this.#keeper;
    const keep = (store: IdempotencyStore) => store.checkpoint(this.#owned, point, this.#extension);
    const tell = async () => guard.tell('checkpoint', keep);
    const kept = await tell().catch(() => this.#insist(tell));
    if (kept === false) throw this.#taken();
  }

  /** After a try that failed, a few more; undefined if the store could not be told. */
  async #insist<T>(tell: () => Promise<T>): Promise<T | undefined> {
    for (const pause of PAUSES) {
      await new Sleep(this.#keeper.runtime.clock, pause).over;
      try {
        return await tell();
      } catch {
        // Not yet.
      }
    }
    return undefined;
  }

  #complete(result: string): Awaitable<Completion> {
    const put = this.#put(result);
    if (put === true) return this.#completed(true);
    if (put === false) return this.#completedBefore(result);
    return put.then(
      (isPut) => (isPut ? this.#completed(true) : this.#completedBefore(result)),
      () => this.#completeLater(result),
    );
  }

  async #completedBefore(result: string): Promise<Completion> {
    try {
      return this.#completed(await this.#wasKept(result));
    } catch {
      return this.#completeLater(result);
    }
  }

  async #completeLater(result: string): Promise<Completion> {
    const kept = await this.#insist(() => this.#keep(result));
    if (kept !== undefined) return this.#completed(kept);
    return this.#later(async () => this.#completed(await this.#keep(result)));
  }

  /** Whether the result is kept; false if somebody else has the key. Rejects when the store cannot be told. */
  async #keep(result: string): Promise<boolean> {
    return (await this.#put(result)) || this.#wasKept(result);
  }

  #put(result: string): Awaitable<boolean> {
    const { guard, options } = this.#keeper;
    const { retention } = options;
    return guard.tell('complete', (store) => store.complete(this.#owned, result, retention));
  }

  /** Whether an earlier try was heard although its answer was lost; the client may have made that try by itself. */
  async #wasKept(result: string): Promise<boolean> {
    const { guard, options } = this.#keeper;
    const { lease, retention } = options;
    const request = { ...this.#owned, fingerprint: this.#fingerprint, lease, retention };
    const claim = await guard.tell('claim', (store) =>
      store.claim({ ...request, expired: 'refuse' }),
    );
    if (claim.kind === 'completed') return claim.result === result;
    return claim.kind === 'claimed' && (await this.#put(result));
  }

  #completed(isKept: boolean): Completion {
    this.#over(isKept ? 'kept' : 'lost');
    return isKept ? { kind: 'kept' } : { kind: 'lost', error: this.#lost() };
  }

  #giveUp(): Promise<Completion> {
    const { clock } = this.#keeper.runtime;
    this.#leaseEnd = clock.now() + this.#holdFor;
    return this.#tell('extend', 'held', (store) => store.extend(this.#owned, this.#holdFor));
  }

  /** Tells the store once; if that fails, again in the background. */
  async #tell(
    step: 'release' | 'extend',
    how: 'released' | 'held',
    say: (store: IdempotencyStore) => Awaitable<boolean>,
  ): Promise<Completion> {
    const { guard } = this.#keeper;
    const told = async (): Promise<Completion> => {
      this.#over((await guard.tell(step, say)) ? how : 'lost');
      return { kind: 'kept' };
    };
    try {
      return await told();
    } catch {
      return this.#later(told);
    }
  }

  #later(tell: () => Promise<Completion>): Completion {
    this.#rest();
    const goesOn = this.#keeper.inBackground(() => this.#goOn(tell));
    if (!goesOn) this.#over('untold');
    return { kind: 'later' };
  }

  /** Tries for as long as a lease: after that everybody takes the outcome for unknown. */
  async #goOn(tell: () => Promise<Completion>): Promise<void> {
    const { runtime, options } = this.#keeper;
    const { clock, random } = runtime;
    const giveUpAt = clock.now() + options.lease;
    for (let pause = 250; clock.now() < giveUpAt; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      if (!(await this.#keeper.pause(pause * (0.5 + random.next() / 2)))) break;
      try {
        await tell();
        return;
      } catch {
        // Not yet.
      }
    }
    this.#over('untold');
  }

  #over(how: 'kept' | 'released' | 'held' | 'lost' | 'untold'): void {
    this.#rest();
    const { id } = this.#owned;
    if (this.#isWork) ended(this.#keeper, id, how, this.#startedAt);
    else over(this.#keeper, id);
  }

  #rest(): void {
    this.#keeper.runtime.clock.stop(this);
  }
}

/**
 * Work that has failed may have left a call on its way that it gave up waiting for. Asked too early, `reconcile` would
 * find that nothing has happened: so it waits for a lease.
 */
function holdFor({ onExpired, options }: Keeper): number {
  return onExpired === 'reconcile' ? options.lease : 0;
}
