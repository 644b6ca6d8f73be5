import type { Random } from '../../runtime/random.ts';
import type { ParsedCircuitBreaker } from './options.ts';
import { type Outcomes, outcomesOf, type Tally } from './outcomes.ts';

/** What a breaker does with calls: counts, refuses, probes, or refuses until it is told otherwise. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

/** How an attempt ended, as far as a breaker cares. */
export type Effect = 'success' | 'failure' | 'ignored';

/** In place of a permit, for a call that is not let through. */
export const REFUSED = -1;

/** Where the ramp after closing begins. */
const RAMP_START = 0.1;
/** A permit is generation x PROBES + number of the probe, which is 0 for a call that was let through while closed. */
const PROBES = 1024;
const GENERATIONS = 2 ** 20;
const NOTHING: Tally = { calls: 0, failures: 0, slow: 0 };

/** What a breaker knows of the states before this one. */
interface Past {
  /** How many there were. */
  readonly generation: number;
  /** Openings since it was last closed for good: what the cooldown doubles by. */
  readonly openings: number;
  /** What the last of them had counted. */
  readonly counted: Tally;
  /** For how long they refused everything, in milliseconds. */
  readonly refused: number;
  /** When the last of them ended. */
  readonly until: number;
}

const NO_PAST: Past = {
  generation: 0,
  openings: 0,
  counted: NOTHING,
  refused: 0,
  until: -Infinity,
};

type State = Phase & { readonly past: Past };

/** Shared by all breakers that have never opened: a process may have ten thousand. */
const AT_FIRST: State = { kind: 'closed', since: -Infinity, ramp: false, past: NO_PAST };

/** Each phase carries its own data and no other. */
type Phase =
  | { readonly kind: 'closed'; readonly since: number; readonly ramp: boolean }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; readonly leases: Lease[]; started: number; ended: Tally }
  | { readonly kind: 'isolated' };

/** A probe that is under way: if its end is never told, its place is free again at `until`. */
interface Lease {
  readonly probe: number;
  readonly until: number;
}

/**
 * The decisions of a circuit breaker. It is told the time and what has happened, and answers; it has no
 * clock, no timer, and no randomness of its own.
 *
 * Every change of state begins a new generation. A permit carries the generation it was given in,
 * so the late result of an older state moves nothing.
 */
export class BreakerState {
  readonly options: ParsedCircuitBreaker;
  readonly random: Random;
  readonly #outcomes: Outcomes;
  #state: State = AT_FIRST;
  /** The permit while it is closed and the ramp is over; `REFUSED` otherwise. Most calls ask for nothing else. */
  settledPermit = 0;

  constructor(options: ParsedCircuitBreaker, random: Random) {
    this.options = options;
    this.random = random;
    this.#outcomes = outcomesOf(options);
  }

  get state(): CircuitState {
    return this.#state.kind;
  }

  /** What the state before this one had counted. */
  get countedBefore(): Tally {
    return this.#state.past.counted;
  }

  /** A permit, or `REFUSED`. */
  permitAt(now: number): number {
    const state = this.#state;
    if (state.kind === 'closed') {
      if (state.ramp && !this.#passesRamp(state.since, now)) return REFUSED;
      return state.past.generation * PROBES;
    }
    if (state.kind === 'isolated') return REFUSED;
    if (state.kind === 'open') {
      if (now < state.until) return REFUSED;
      this.#enter({ kind: 'half-open', leases: [], started: 0, ended: NOTHING }, now);
    }
    return this.#lease(now);
  }

  /** Whether a call could be let through now, if it were lucky in the ramp. Takes no permit. */
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
    const state = this.#state;
    if (Math.floor(permit / PROBES) !== state.past.generation) return false;
    if (state.kind === 'closed') {
      if (effect === 'ignored') return false;
      return this.#closedRelease(state, effect === 'failure', slow, now, retryAfter);
    }
    return (
      state.kind === 'half-open' && this.#probeEnded(state, permit, effect, slow, now, retryAfter)
    );
  }

  /** An attempt with the present `settledPermit` has succeeded, and was not slow. */
  succeeded(now: number): void {
    const { options } = this;
    this.#outcomes.record(false, false, now, options.minimumCalls, options);
  }

  /** Refuses everything until `reset`. */
  isolateAt(now: number): void {
    this.#enter({ kind: 'isolated' }, now);
  }

  /** Closes, and forgets everything. */
  resetAt(now: number): void {
    this.#enter({ kind: 'closed', since: now, ramp: false }, now, 0);
  }

  /** Milliseconds until a call may be let through; 0 if it may now, undefined if nobody knows. */
  retryAfter(now: number): number | undefined {
    const state = this.#state;
    if (state.kind === 'open') return Math.max(0, state.until - now);
    return state.kind === 'closed' ? 0 : undefined;
  }

  /** What this state has counted: calls in the window, or probes; an open one counts nothing. */
  totals(now: number): Tally {
    const state = this.#state;
    if (state.kind === 'closed') return this.#outcomes.totals(now);
    return state.kind === 'half-open' ? state.ended : NOTHING;
  }

  /** For how long it has refused everything so far, in milliseconds. */
  refusedFor(now: number): number {
    const { kind, past } = this.#state;
    return past.refused + (kind === 'open' || kind === 'isolated' ? now - past.until : 0);
  }

  #closedRelease(
    state: State & { kind: 'closed' },
    failed: boolean,
    slow: boolean,
    now: number,
    retryAfter: number,
  ): boolean {
    const { minimumCalls, rampMinimumCalls, rampDuration } = this.options;
    const ramping = state.ramp && now - state.since < rampDuration;
    if (state.ramp && !ramping) this.#settleDown(state);
    const minimum = ramping ? Math.min(minimumCalls, rampMinimumCalls) : minimumCalls;
    if (!this.#outcomes.record(failed, slow, now, minimum, this.options)) return false;
    this.#open(now, retryAfter);
    return true;
  }

  #probeEnded(
    state: State & { kind: 'half-open' },
    permit: number,
    effect: Effect,
    slow: boolean,
    now: number,
    retryAfter: number,
  ): boolean {
    const { rampDuration, slowCallRate, successesToClose } = this.options;
    const place = state.leases.findIndex(({ probe }) => probe === permit % PROBES);
    if (place === -1) return false;
    state.leases.splice(place, 1);
    if (effect === 'ignored') return false;
    const { calls, failures, slow: slowOnes } = state.ended;
    const failed = effect === 'failure';
    const crawled = slow && slowCallRate > 0;
    state.ended = {
      calls: calls + 1,
      failures: failures + Number(failed),
      slow: slowOnes + Number(crawled),
    };
    if (failed || crawled) {
      this.#open(now, retryAfter);
      return true;
    }
    // A bad probe would have ended this state, so all that were counted were good.
    if (state.ended.calls < successesToClose) return false;
    const { openings } = state.past;
    const ramp = rampDuration > 0;
    this.#enter({ kind: 'closed', since: now, ramp }, now, ramp ? openings : 0);
    return true;
  }

  /** It has stayed closed through the ramp: that outage is over. */
  #settleDown({ since, past }: State & { kind: 'closed' }): void {
    this.#state = { kind: 'closed', since, ramp: false, past: { ...past, openings: 0 } };
    this.settledPermit = past.generation * PROBES;
  }

  #passesRamp(since: number, now: number): boolean {
    const progress = (now - since) / this.options.rampDuration;
    if (progress >= 1) return true;
    return this.random.next() < RAMP_START + (1 - RAMP_START) * Math.max(0, progress);
  }

  #lease(now: number): number {
    const state = this.#state as State & { kind: 'half-open' };
    if (!this.#freePlace(state.leases, now)) return REFUSED;
    const probe = (state.started++ % (PROBES - 1)) + 1;
    state.leases.push({ probe, until: now + this.options.probeLease });
    return state.past.generation * PROBES + probe;
  }

  /** Whether another probe may start; forgets those whose lease has run out. */
  #freePlace(leases: Lease[], now: number): boolean {
    while (leases.length > 0 && leases[0]!.until <= now) leases.shift();
    return leases.length < this.options.probes;
  }

  #open(now: number, retryAfter: number): void {
    const { cooldown, cooldownJitter } = this.options;
    const { openings } = this.#state.past;
    const longest = Math.max(cooldown, this.options.maxCooldown);
    const plain = Math.min(cooldown * 2 ** Math.min(openings, 30), longest);
    const spread = plain * (1 - cooldownJitter + 2 * cooldownJitter * this.random.next());
    // The dependency's hint is a floor, of at most the longest cooldown; the jitter comes on top of it.
    const floor = retryAfter > 0 ? Math.min(retryAfter, longest) : 0;
    const wait = spread >= floor ? spread : floor * (1 + cooldownJitter * this.random.next());
    this.#enter({ kind: 'open', until: now + wait }, now, openings + 1);
  }

  /** Begins a new state, and with it a new generation and a new count. */
  #enter(phase: Phase, now: number, openings: number = this.#state.past.openings): void {
    const generation = (this.#state.past.generation + 1) % GENERATIONS;
    const counted = this.totals(now);
    const past = { generation, openings, counted, refused: this.refusedFor(now), until: now };
    this.#outcomes.clear();
    this.#state = { ...phase, past };
    this.settledPermit = phase.kind === 'closed' && !phase.ramp ? generation * PROBES : REFUSED;
  }
}
