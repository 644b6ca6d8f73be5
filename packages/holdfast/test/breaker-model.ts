import type { ParsedCircuitBreaker } from '../src/policies/circuit-breaker/options.ts';
import type { CircuitState, Effect } from '../src/policies/circuit-breaker/state.ts';

/** How an attempt has ended. */
export interface End {
  readonly effect: Effect;
  readonly slow: boolean;
  readonly retryAfter: number;
}

interface Past {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

/** The right to one attempt. */
export interface Permit {
  readonly era: number;
  /** When a probe's lease ends; null for a call let through while closed. */
  readonly until: number | null;
  /** Its place was given to another probe. */
  lost: boolean;
}

/** The slow, obviously correct breaker: it keeps every outcome and looks at all of them each time. */
export class BreakerModel {
  kind: CircuitState = 'closed';
  era = 0;
  past: Past[] = [];
  probes: Permit[] = [];
  goodProbes = 0;
  openUntil = 0;
  /** When it closed after an outage; null once that is over. */
  closedAt: number | null = null;
  openings = 0;
  readonly options: ParsedCircuitBreaker;
  readonly draw: () => number;

  constructor(options: ParsedCircuitBreaker, draw: () => number) {
    this.options = options;
    this.draw = draw;
  }

  admit(now: number): Permit | null {
    const { probes, probeLease, rampDuration } = this.options;
    if (this.kind === 'closed') {
      const age = this.closedAt === null ? Infinity : now - this.closedAt;
      const share = age >= rampDuration ? 1 : 0.1 + 0.9 * (age / rampDuration);
      return share === 1 || this.draw() < share
        ? { era: this.era, until: null, lost: false }
        : null;
    }
    if (this.kind === 'open' && now >= this.openUntil) this.become('half-open');
    if (this.kind !== 'half-open') return null;
    for (const probe of this.probes) probe.lost ||= probe.until! <= now;
    this.probes = this.probes.filter(({ lost }) => !lost);
    if (this.probes.length >= probes) return null;
    const probe = { era: this.era, until: now + probeLease, lost: false };
    this.probes.push(probe);
    return probe;
  }

  release(permit: Permit, { effect, slow, retryAfter }: End, now: number): void {
    if (permit.era !== this.era || permit.lost) return;
    this.probes = this.probes.filter((probe) => probe !== permit);
    if (effect === 'ignored') return;
    const failed = effect === 'failure';
    if (this.kind === 'half-open') {
      if (failed || (slow && this.options.slowCallRate > 0)) this.open(now, retryAfter);
      else if (++this.goodProbes === this.options.successesToClose) {
        this.become('closed');
        if (this.options.rampDuration === 0) this.openings = 0;
        else this.closedAt = now;
      }
      return;
    }
    if (this.closedAt !== null && now - this.closedAt >= this.options.rampDuration) {
      this.closedAt = null;
      this.openings = 0;
    }
    this.past.push({ at: now, failed, slow });
    if ((failed || slow) && this.tooMany(now)) this.open(now, retryAfter);
  }

  tooMany(now: number): boolean {
    const { kind, consecutiveFailures, failureRate, slowCallRate, windowCalls } = this.options;
    const seen = this.seen(now);
    if (kind === 'consecutive') {
      const last = seen.slice(-consecutiveFailures);
      return last.length === consecutiveFailures && last.every(({ failed }) => failed);
    }
    let minimum = this.options.minimumCalls;
    if (this.closedAt !== null) minimum = Math.min(minimum, this.options.rampMinimumCalls);
    if (kind === 'count') minimum = Math.min(minimum, windowCalls);
    const failures = seen.filter(({ failed }) => failed).length;
    const slow = seen.filter((call) => call.slow).length;
    if (seen.length < minimum) return false;
    return (
      failures / seen.length >= failureRate ||
      (slowCallRate > 0 && slow / seen.length >= slowCallRate)
    );
  }

  /** What is still looked at: a window of time is left tenth by tenth. */
  seen(now: number): Past[] {
    const { kind, window, windowCalls } = this.options;
    if (kind === 'count') return this.past.slice(-windowCalls);
    if (kind === 'consecutive') return this.past;
    const tenth = (time: number) => Math.floor(time / (window / 10));
    return this.past.filter(({ at }) => tenth(at) > tenth(now) - 10);
  }

  open(now: number, retryAfter: number): void {
    const { cooldown, maxCooldown, cooldownJitter } = this.options;
    const longest = Math.max(cooldown, maxCooldown);
    const spread =
      Math.min(cooldown * 2 ** this.openings, longest) *
      (1 - cooldownJitter + 2 * cooldownJitter * this.draw());
    const floor = Math.min(retryAfter, longest);
    const raised = floor * (1 + cooldownJitter * this.draw());
    this.openings++;
    this.become('open');
    this.openUntil = now + (spread >= floor ? spread : raised);
  }

  become(kind: CircuitState): void {
    this.kind = kind;
    this.era++;
    this.past = [];
    this.probes = [];
    this.goodProbes = 0;
    this.closedAt = null;
  }
}
