import { UnbuiltError } from '../../core/call-error.ts';
import type { Call } from '../../core/call.ts';
import { GO, type Policy, type Refusal, type Step, type Traits } from '../../core/policy.ts';
import { CircuitOpenError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { checkKinds } from '../../core/kinds.ts';
import { parseOptions, Problems } from '../../core/options.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { lazyFork, type Random } from '../../runtime/random.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import {
  BREAKER_KINDS,
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
  /** Refuses everything until `reset`, beginning with the calls that are queued in front of it. */
  isolate(): void;
  /** Closes, and forgets what was counted and how often it had opened. */
  reset(): void;
  /** Whether it is closed, so that a registry may forget it. */
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
 * @throws TypeError, RangeError for wrong options, and for a runtime that is not whole.
 */
export function circuitBreaker(
  options: CircuitBreakerOptions = {},
  runtime: Runtime = systemRuntime,
): CircuitBreaker {
  checkRuntime(runtime, 'circuitBreaker');
  const parsed = parseOptions(circuitBreakerOptions, options, 'circuitBreaker');
  const problems = new Problems();
  if (options.maxCooldown !== undefined) checkCooldowns(parsed, 'circuitBreaker', problems);
  checkKinds(options, parsed.kind, BREAKER_KINDS, 'circuitBreaker', problems);
  problems.throwAny();
  return new Breaker(parsed, runtime, lazyFork(runtime.random, 'circuit-breaker'));
}

/** The policy: tells its state of calls and of the time. It extends the state, to be one object and not two: a process may have ten thousand. */
class Breaker extends BreakerState implements CircuitBreaker {
  readonly runtime: Runtime;
  /** By policy in front of it: how many calls wait there. Null for most breakers, which never have one. */
  #queues: Map<Policy, number> | null = null;

  constructor(options: ParsedCircuitBreaker, runtime: Runtime, random: Random) {
    super(options, random);
    this.runtime = runtime;
  }

  get kind(): 'circuit-breaker' {
    return 'circuit-breaker';
  }

  get traits(): Traits {
    const { kind, slowCallDuration } = this.options;
    const slowness = judgesSlowness(this.options);
    return {
      permits: true,
      straight: true,
      needsClock: kind === 'time' || slowness,
      judgesFrom: slowness ? slowCallDuration : Infinity,
    };
  }

  get evictable(): boolean {
    return this.state === 'closed';
  }

  /** Siblings share the stream of their jitter: with equal streams, all would probe at the same moment. */
  sibling(): Breaker {
    return new Breaker(this.options, this.runtime, this.random);
  }

  enter(call: Call, slot: number): Step {
    const { settledPermit } = this;
    if (settledPermit === REFUSED) return admitOrRefuse(this, call, slot);
    call.keepPermit(slot, settledPermit);
    return GO;
  }

  leave(call: Call, slot: number): Step {
    const { options } = this;
    const now = timeFor(this);
    const permit = call.permitOf(slot);
    const slow = judgesSlowness(options) && tookTooLong(this, call.attemptStartedAt!, now);
    if (call.verdict === 'success' && !slow && permit === this.settledPermit) {
      this.succeeded(now);
      return GO;
    }
    const before = this.state;
    const effect = effectOf(this, call, now);
    const retryAfter = call.judgement?.retryAfter ?? 0;
    if (this.release(permit, effect, slow, now, retryAfter)) changed(this, before);
    return GO;
  }

  /** The settled permit, or `REFUSED`, which is the same number as `DETAINED`. */
  admit(): number {
    return this.settledPermit;
  }

  passed(permit: number): void {
    // Another permit would make this the late result of an older state.
    if (permit === this.settledPermit) this.succeeded(timeFor(this));
  }

  peek(call: Call): Refusal | null {
    if (this.state === 'closed' || this.mightAdmit(this.runtime.clock.now())) return null;
    return { error: refusal(this, call), stoppedBy: 'breaker' };
  }

  awaited(waitsAt: Policy, change: 1 | -1): void {
    const queues = (this.#queues ??= new Map());
    const waiting = (queues.get(waitsAt) ?? 0) + change;
    if (waiting === 0) queues.delete(waitsAt);
    else queues.set(waitsAt, waiting);
  }

  isolate(): void {
    const before = this.state;
    if (before === 'isolated') return;
    this.isolateAt(this.runtime.clock.now());
    changed(this, before);
  }

  reset(): void {
    const before = this.state;
    this.resetAt(this.runtime.clock.now());
    if (before !== 'closed') changed(this, before);
  }

  snapshot(): Record<string, unknown> {
    const now = this.runtime.clock.now();
    const { state } = this;
    return {
      state,
      stateNumber: STATE_NUMBERS[state],
      ...this.totals(now),
      openTime: this.refusedFor(now),
      ...(state === 'open' ? { retryAfter: this.retryAfter(now) } : {}),
    };
  }

  /** Refuses the calls that are queued in front of it, which it would refuse later anyway. */
  refuseQueued(): void {
    if (this.#queues === null) return;
    for (const queue of this.#queues.keys()) queue.flush!();
  }
}

// Functions, not private methods, which would put a mark on each instance.

function judgesSlowness({ kind, slowCallRate }: ParsedCircuitBreaker): boolean {
  return kind !== 'consecutive' && slowCallRate > 0;
}

/** For a breaker that is not simply closed: gives the call a permit, or refuses it. */
function admitOrRefuse(breaker: Breaker, call: Call, slot: number): Step {
  const before = breaker.state;
  const permit = breaker.permitAt(timeFor(breaker));
  if (permit === REFUSED) return call.refuse(refusal(breaker, call), 'breaker');
  if (before !== breaker.state) {
    changed(breaker, before);
    // A listener to that may have isolated it.
    if (breaker.state === 'isolated') return admitOrRefuse(breaker, call, slot);
  }
  call.keepPermit(slot, permit);
  return GO;
}

/** The time now. While the breaker is simply closed, the reading that the call has taken anyway will do. */
function timeFor({ runtime, settledPermit }: Breaker): number {
  const { clock } = runtime;
  return settledPermit !== REFUSED ? clock.recent() : clock.now();
}

/** Whether an attempt was slow. What this process stood still meanwhile is not the dependency's doing. */
function tookTooLong(
  { options, runtime: { clock } }: Breaker,
  since: number,
  now: number,
): boolean {
  const { slowCallDuration } = options;
  if (now - since <= slowCallDuration) return false;
  return now - since - (clock.stoodStill?.(since) ?? 0) > slowCallDuration;
}

function effectOf(breaker: Breaker, call: Call, now: number): Effect {
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
      return wasCutLate(breaker, call, now) ? 'failure' : 'ignored';
  }
}

/**
 * Whether the attempt was cut, by the deadline or the caller, after it had already taken too long. If
 * such attempts were ignored, a hanging dependency would never open the breaker of a caller in a hurry.
 */
function wasCutLate(breaker: Breaker, call: Call, now: number): boolean {
  const { live, attemptStartedAt } = call;
  if (live === null || !live.isAbandoned || attemptStartedAt === null) return false;
  return tookTooLong(breaker, attemptStartedAt, now);
}

function refusal(breaker: Breaker, call: Call): UnbuiltError {
  const { kind, runtime, state } = breaker;
  if (runtime.sink !== null) {
    const { dependency } = runtime;
    emit<CircuitRefusedEvent>(runtime, { type: 'circuit-breaker.refused', dependency, state });
  }
  return new UnbuiltError(call, CircuitOpenError, {
    policy: kind,
    reason: REASONS[state],
    stoppedBy: 'breaker',
    retryAfter: breaker.retryAfter(runtime.clock.recent()),
    cause: call.root.records?.at(-1)?.error,
  });
}

function changed(breaker: Breaker, from: CircuitState): void {
  const { runtime, state: to } = breaker;
  if (runtime.sink !== null) tellChange(breaker, from, runtime.clock.recent());
  if (to === 'open' || to === 'isolated') breaker.refuseQueued();
}

function tellChange(breaker: Breaker, from: CircuitState, now: number): void {
  const { runtime, state: to, countedBefore } = breaker;
  emit<CircuitStateChangedEvent>(runtime, {
    type: 'circuit-breaker.state-changed',
    dependency: runtime.dependency,
    from,
    to,
    ...countedBefore,
    retryAfter: to === 'open' ? breaker.retryAfter(now) : undefined,
  });
}

const REASONS: Readonly<Record<CircuitState, string>> = {
  closed: 'not called, the circuit is closing',
  open: 'not called, the circuit is open',
  'half-open': 'not called, the circuit is half-open',
  isolated: 'not called, the circuit is isolated',
};
