import type { Random } from '../../runtime/random.ts';
import type { ParsedCircuitBreaker } from './options.ts';
import { type Outcomes, outcomesOf } from './outcomes.ts';

export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

/** How an attempt ended, as far as a breaker cares. */
export type Effect = 'success' | 'failure' | 'ignored';

/** `admit`'s answer to a call that is not let through. */
export const REFUSED = -1;

/** Where the ramp after closing begins. */
const RAMP_START = 0.1;
/** A permit is generation x PROBES + probe number, 0 standing for a call let through while closed. */
const PROBES = 1024;
const GENERATIONS = 2 ** 20;

/** Each state carries its own data and no other. */
type State =
  | { readonly kind: 'closed'; readonly since: number; readonly ramp: boolean }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; readonly leases: Lease[]; started: number; successes: number }
  | { readonly kind: 'isolated' };

/** A probe that is under way: if its end is never told, its place is free again at `until`. */
interface Lease {
  readonly probe: number;
  readonly until: number;
}

/**
 * The decisions of a circuit breaker: told the time and what happened, it answers. No clock, no
 * timer, no randomness of its own.
 *
 * Every change of state begins a new generation. A permit carries the generation it was given in,
 * so the late result of an older state moves nothing.
 */
export class BreakerState {
  readonly #options: ParsedCircuitBreaker;
  readonly #outcomes: Outcomes;
  readonly #random: Random;
  #state: State = { kind: 'closed', since: -Infinity, ramp: false };
  #generation = 0;
  /** Openings since it was last closed for good: what the cooldown doubles by. */
  #openings = 0;

  constructor(options: ParsedCircuitBreaker, random: Random) {
    this.#options = options;
    this.#outcomes = outcomesOf(options);
    this.#random = random;
  }

  get kind(): CircuitState {
    return this.#state.kind;
  }

  /** Closed, and the ramp is over: nothing depends on the exact time. */
  get isSettled(): boolean {
    return this.#state.kind === 'closed' && !this.#state.ramp;
  }

  /** A permit, or `REFUSED`. */
  admit(now: number): number {
    const state = this.#state;
    if (state.kind === 'closed') {
      if (state.ramp && !this.#passesRamp(state.since, now)) return REFUSED;
      return this.#generation * PROBES;
    }
    if (state.kind === 'isolated') return REFUSED;
    if (state.kind === 'open') {
      if (now < state.until) return REFUSED;
      this.#enter({ kind: 'half-open', leases: [], started: 0, successes: 0 });
    }
    return this.#lease(now);
  }

  /** Whether a call could be let through now, were it lucky in the ramp. Takes no permit. */
  mightAdmit(now: number): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return true;
      case 'isolated':
        return false;
      case 'open':
        return now >= state.until;
      case 'half-open':
        return this.#freePlace(state.leases, now);
    }
  }

  /**
   * The attempt with this permit has ended. `retryAfter` is the dependency's own hint, in
   * milliseconds. Answers whether the state has changed.
   */
  release(permit: number, effect: Effect, slow: boolean, now: number, retryAfter: number): boolean {
    if (Math.floor(permit / PROBES) !== this.#generation) return false;
    const state = this.#state;
    if (state.kind === 'closed') {
      if (effect === 'ignored') return false;
      return this.#closedRelease(state, effect === 'failure', slow, now, retryAfter);
    }
    if (state.kind !== 'half-open') return false;
    const place = state.leases.findIndex(({ probe }) => probe === permit % PROBES);
    if (place === -1) return false;
    state.leases.splice(place, 1);
    if (effect === 'ignored') return false;
    if (effect === 'failure' || (slow && this.#options.slowCallRate > 0)) {
      this.#open(now, retryAfter);
      return true;
    }
    if (++state.successes < this.#options.successesToClose) return false;
    this.#outcomes.clear();
    this.#enter({ kind: 'closed', since: now, ramp: this.#options.rampDuration > 0 });
    if (this.#options.rampDuration === 0) this.#openings = 0;
    return true;
  }

  /** Refuses everything until `reset`. */
  isolate(): void {
    this.#enter({ kind: 'isolated' });
  }

  /** Closes, and forgets everything. */
  reset(): void {
    this.#outcomes.clear();
    this.#openings = 0;
    this.#enter({ kind: 'closed', since: -Infinity, ramp: false });
  }

  /** Milliseconds until a call may be let through; 0 if it may now, undefined if nobody knows. */
  retryAfter(now: number): number | undefined {
    const state = this.#state;
    if (state.kind === 'open') return Math.max(0, state.until - now);
    return state.kind === 'closed' ? 0 : undefined;
  }

  /** What was counted, for snapshots. */
  totals(now: number): {
    readonly calls: number;
    readonly failures: number;
    readonly slow: number;
  } {
    return this.#outcomes.totals(now);
  }

  #closedRelease(
    state: State & { kind: 'closed' },
    failed: boolean,
    slow: boolean,
    now: number,
    retryAfter: number,
  ): boolean {
    const { minimumCalls, rampMinimumCalls, rampDuration } = this.#options;
    const ramping = state.ramp && now - state.since < rampDuration;
    if (state.ramp && !ramping) this.#settleDown(state.since);
    const minimum = ramping ? Math.min(minimumCalls, rampMinimumCalls) : minimumCalls;
    if (!this.#outcomes.record(failed, slow, now, minimum)) return false;
    this.#open(now, retryAfter);
    return true;
  }

  /** It has stayed closed through the ramp: that outage is over. */
  #settleDown(since: number): void {
    this.#openings = 0;
    this.#state = { kind: 'closed', since, ramp: false };
  }

  #passesRamp(since: number, now: number): boolean {
    const progress = (now - since) / this.#options.rampDuration;
    if (progress >= 1) return true;
    return this.#random.next() < RAMP_START + (1 - RAMP_START) * Math.max(0, progress);
  }

  #lease(now: number): number {
    const state = this.#state as State & { kind: 'half-open' };
    if (!this.#freePlace(state.leases, now)) return REFUSED;
    const probe = (state.started++ % (PROBES - 1)) + 1;
    state.leases.push({ probe, until: now + this.#options.probeLease });
    return this.#generation * PROBES + probe;
  }

  /** Whether another probe may start; forgets those whose lease has run out. */
  #freePlace(leases: Lease[], now: number): boolean {
    while (leases.length > 0 && leases[0]!.until <= now) leases.shift();
    return leases.length < this.#options.probes;
  }

  #open(now: number, retryAfter: number): void {
    const { cooldown, maxCooldown, cooldownJitter } = this.#options;
    const plain = Math.min(
      cooldown * 2 ** Math.min(this.#openings, 30),
      Math.max(cooldown, maxCooldown),
    );
    const spread = 1 - cooldownJitter + 2 * cooldownJitter * this.#random.next();
    // The dependency's hint is a floor, of at most the longest cooldown; what lies above is spread.
    const floor = Math.min(retryAfter, Math.max(cooldown, maxCooldown));
    const wait =
      plain * spread >= floor ? plain * spread : floor * (1 + cooldownJitter * this.#random.next());
    this.#openings++;
    this.#enter({ kind: 'open', until: now + wait });
  }

  #enter(state: State): void {
    this.#generation = (this.#generation + 1) % GENERATIONS;
    this.#state = state;
  }
}
