import { UnbuiltError } from '../../core/call-error.ts';
import type { Call } from '../../core/call.ts';
import { GO, type Policy, type Refusal, type Step, type Traits } from '../../core/policy.ts';
import { CircuitOpenError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { parseOptions, Problems } from '../../core/options.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { lazyFork, type Random } from '../../runtime/random.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import {
  checkCooldowns,
  type CircuitBreakerOptions,
  circuitBreakerOptions,
  type ParsedCircuitBreaker,
} from './options.ts';
import { BreakerState, type CircuitState, type Effect, REFUSED } from './state.ts';
import {
  type CircuitRefusedEvent,
  type CircuitStateChangedEvent,
  STATE_NUMBERS,
} from './telemetry.ts';

/** A circuit breaker: a policy, and what an operator may ask and tell it. */
export interface CircuitBreaker extends TypedPolicy {
  /** An open breaker whose cooldown is over stays `open` until a call comes that can probe. */
  readonly state: CircuitState;
  /** Refuses everything until `reset`, beginning with what is queued behind it. */
  isolate(): void;
  /** Closes, and forgets what was counted and how often it had opened. */
  reset(): void;
  /** Closed: a registry may forget it. */
  readonly evictable: boolean;
}

/**
 * Stops calling a dependency that fails or is slow, and finds out carefully when it is back.
 *
 * - `closed`: calls go through and are counted; too many failures or slow calls open it.
 * - `open`: calls are refused with `CircuitOpenError` until the cooldown is over.
 * - `half-open`: a few leased probes at a time go through, the rest is refused; enough successes
 *   close it, one failure opens it for twice as long.
 * - `isolated`: opened by hand, until `reset()`.
 *
 * After closing, the share of calls let through grows from 10 % to all of them over the ramp.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function circuitBreaker(
  options: CircuitBreakerOptions = {},
  runtime: Runtime = systemRuntime,
): CircuitBreaker {
  const parsed = parseOptions(circuitBreakerOptions, options, 'circuitBreaker');
  const problems = new Problems();
  if (options.maxCooldown !== undefined) checkCooldowns(parsed, 'circuitBreaker', problems);
  problems.throwAny();
  return new Breaker(parsed, runtime, lazyFork(runtime.random, 'circuit-breaker'));
}

class Breaker implements CircuitBreaker {
  readonly runtime: Runtime;
  readonly #state: BreakerState;
  // What most breakers never see is made when they do: a process may have ten thousand.
  #refusals: Refusals | null = null;
  /** The policies in front of it at which calls wait, and how many. */
  #queues: Map<Policy, number> | null = null;

  constructor(options: ParsedCircuitBreaker, runtime: Runtime, random: Random) {
    this.runtime = runtime;
    this.#state = new BreakerState(options, random);
  }

  get #options(): ParsedCircuitBreaker {
    return this.#state.options;
  }

  get #judgesSlowness(): boolean {
    const { kind, slowCallRate } = this.#options;
    return kind !== 'consecutive' && slowCallRate > 0;
  }

  get kind(): 'circuit-breaker' {
    return 'circuit-breaker';
  }

  get traits(): Traits {
    const { kind, slowCallDuration } = this.#options;
    return {
      permits: true,
      straight: true,
      needsClock: kind === 'time' || this.#judgesSlowness,
      judgesFrom: this.#judgesSlowness ? slowCallDuration : Infinity,
    };
  }

  get state(): CircuitState {
    return this.#state.kind;
  }

  get evictable(): boolean {
    return this.state === 'closed';
  }

  /** Their jitter comes from one stream, else all would come back at the same moment. */
  sibling(): Breaker {
    return new Breaker(this.#options, this.runtime, this.#state.random);
  }

  enter(call: Call, slot: number): Step {
    const { settledPermit } = this.#state;
    if (settledPermit === REFUSED) return this.#admit(call, slot);
    call.keepPermit(slot, settledPermit);
    return GO;
  }

  leave(call: Call, slot: number): Step {
    const now = this.#time();
    const permit = call.permitOf(slot);
    const slow =
      this.#judgesSlowness && now - call.attemptStartedAt! > this.#options.slowCallDuration;
    if (call.verdict === 'success' && !slow && permit === this.#state.settledPermit) {
      this.#state.succeeded(now);
      return GO;
    }
    const before = this.#state.kind;
    const effect = this.#effect(call, now);
    const retryAfter = call.judgement?.retryAfter ?? 0;
    if (this.#state.release(permit, effect, slow, now, retryAfter)) this.#changed(before);
    return GO;
  }

  /** `REFUSED` is what detains a call. */
  admit(): number {
    return this.#state.settledPermit;
  }

  passed(permit: number): void {
    // Otherwise it is the late result of an older state.
    if (permit === this.#state.settledPermit) this.#state.succeeded(this.#time());
  }

  peek(call: Call): Refusal | null {
    if (this.#state.kind === 'closed' || this.#state.mightAdmit(this.runtime.clock.now()))
      return null;
    return { error: this.#refusal(call), stoppedBy: 'breaker' };
  }

  awaited(waitsAt: Policy, change: 1 | -1): void {
    const queues = (this.#queues ??= new Map());
    const waiting = (queues.get(waitsAt) ?? 0) + change;
    if (waiting === 0) queues.delete(waitsAt);
    else queues.set(waitsAt, waiting);
  }

  isolate(): void {
    const before = this.#state.kind;
    if (before === 'isolated') return;
    this.#state.isolate(this.runtime.clock.now());
    this.#changed(before);
  }

  reset(): void {
    const before = this.#state.kind;
    this.#state.reset(this.runtime.clock.now());
    if (before !== 'closed') this.#changed(before);
  }

  snapshot(): Record<string, unknown> {
    const now = this.runtime.clock.now();
    const { state } = this;
    const openTime = this.#refusals?.duration(now) ?? 0;
    return {
      state,
      stateNumber: STATE_NUMBERS[state],
      ...this.#state.totals(now),
      openTime,
      ...(state === 'open' ? { retryAfter: this.#state.retryAfter(now) } : {}),
    };
  }

  #admit(call: Call, slot: number): Step {
    const before = this.#state.kind;
    const permit = this.#state.admit(this.#time());
    if (permit === REFUSED) return call.refuse(this.#refusal(call), 'breaker');
    if (before !== this.#state.kind) this.#changed(before);
    call.keepPermit(slot, permit);
    return GO;
  }

  /** While it is simply closed, the reading that the call has taken anyway will do. */
  #time(): number {
    const { clock } = this.runtime;
    return this.#state.settledPermit !== REFUSED ? clock.recent() : clock.now();
  }

  #effect(call: Call, now: number): Effect {
    switch (call.verdict) {
      case 'success':
      case 'terminal':
        return 'success';
      case 'transient':
      case 'timeout':
        return 'failure';
      case 'overload':
        return call.judgement?.quota === true ? 'ignored' : 'failure';
      case 'ignored':
        return this.#wasCutLate(call, now) ? 'failure' : 'ignored';
    }
  }

  /**
   * Was the attempt cut by the deadline or the caller after it had already taken too long? Were
   * such attempts ignored, a hanging dependency would never open the breaker of a caller in a hurry.
   */
  #wasCutLate(call: Call, now: number): boolean {
    const { live, attemptStartedAt } = call;
    if (live === null || !live.isAbandoned || attemptStartedAt === null) return false;
    return now - attemptStartedAt > this.#options.slowCallDuration;
  }

  #refusal(call: Call): UnbuiltError {
    const { runtime } = this;
    const { state } = this;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<CircuitRefusedEvent>(runtime, { type: 'circuit-breaker.refused', dependency, state });
    }
    return new UnbuiltError(call, CircuitOpenError, {
      policy: this.kind,
      reason: REASONS[state],
      stoppedBy: 'breaker',
      retryAfter: this.#state.retryAfter(runtime.clock.recent()),
      cause: call.root.records?.at(-1)?.error,
    });
  }

  #changed(from: CircuitState): void {
    const now = this.runtime.clock.recent();
    const to = this.#state.kind;
    const refuses = to === 'open' || to === 'isolated';
    if (refuses) (this.#refusals ??= new Refusals()).begin(now);
    else this.#refusals?.end(now);
    if (this.runtime.sink !== null) this.#tellChange(from, to, now);
    if (refuses) this.#refuseQueued();
  }

  /** What is queued in front of it would only be refused later. */
  #refuseQueued(): void {
    if (this.#queues === null) return;
    for (const queue of this.#queues.keys()) queue.flush!();
  }

  #tellChange(from: CircuitState, to: CircuitState, now: number): void {
    const { runtime } = this;
    emit<CircuitStateChangedEvent>(runtime, {
      type: 'circuit-breaker.state-changed',
      dependency: runtime.dependency,
      from,
      to,
      ...this.#state.left,
      retryAfter: to === 'open' ? this.#state.retryAfter(now) : undefined,
    });
  }
}

/** The time in which a breaker has refused, in all. */
class Refusals {
  #since: number | null = null;
  #before = 0;

  begin(now: number): void {
    this.#since ??= now;
  }

  end(now: number): void {
    this.#before = this.duration(now);
    this.#since = null;
  }

  duration(now: number): number {
    return this.#before + (this.#since === null ? 0 : now - this.#since);
  }
}

const REASONS: Readonly<Record<CircuitState, string>> = {
  closed: 'not called, the circuit is closing',
  open: 'not called, the circuit is open',
  'half-open': 'not called, the circuit is half-open',
  isolated: 'not called, the circuit is isolated',
};
