import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Random } from '../runtime/random.ts';
import { testRuntime } from '../testing/index.ts';
import { dependency, type DependencyOptions, pending, type Verdict } from '../index.ts';
import { fitted } from './fitted.ts';

const classify = (o: { ok: boolean; value?: unknown }) =>
  o.ok ? ({ verdict: 'overload', retryAfter: o.value as number } as const) : 'transient';

/** The promise that `explain` makes in its last line. */
function promised(options: DependencyOptions<unknown>): {
  attempts: number;
  most: number;
  usual: number;
} {
  const text = dependency('it', { ...options, classify }, testRuntime()).explain();
  const found =
    /At worst, one call makes (\d+) attempts? and takes ([^,\n]+?)(?:, or (\S+) if it waits neither[^\n]*)?\.$/.exec(
      text,
    );
  const [, attempts, most, usual = most] = found!;
  return { attempts: Number(attempts), most: ms(most!), usual: ms(usual!) };
}

/** Milliseconds of what explain prints, with what rounding may have taken away. */
function ms(text: string): number {
  if (text === 'for ever') return Infinity;
  const [, number, unit] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text)!;
  return (
    (Number(number) + 0.005) *
    { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 'ms']!
  );
}

/** Draws as badly as can be, or as told. */
const fixed = (draw: number): Random => ({ next: () => draw, fork: () => fixed(draw) });

/** Runs one call in virtual time, to its end: the attempts and the time it took. */
function run(
  options: DependencyOptions<unknown>,
  draw: number,
  retryAfter: number | null,
): { attempts: number; took: number } {
  const runtime = { ...testRuntime(), random: fixed(draw) };
  const it = dependency('it', { ...options, classify }, runtime);
  let end: { attempts: number; took: number } | null = null;
  it.start(
    (attempt) => {
      if (retryAfter !== null) runtime.clock.start(new Later(() => attempt.succeed(retryAfter)), 1);
      return pending;
    },
    ({ attempts }) => {
      end = { attempts, took: runtime.clock.now() };
    },
    { idempotent: true },
  );
  while (runtime.clock.armed > 0) runtime.clock.expireNext(Infinity);
  return end!;
}

class Later {
  timerOwner = null;
  timerPrevious = null;
  timerNext = null;
  timerStart = null;
  readonly expire: () => void;

  constructor(work: () => void) {
    this.expire = work;
  }
}

const explain = (options: DependencyOptions<unknown>) =>
  dependency(
    'stock',
    { ...options, classify: () => 'success' as Verdict },
    testRuntime(),
  ).explain();

const any = fc.record({
  timeout: fc.constantFrom(50, 333, 1000, 30_000),
  deadline: fc.constantFrom<number | false>(false, 400, 4000, 120_000),
  retry: fc.record({
    maxAttempts: fc.integer({ min: 1, max: 5 }),
    maxRetryAfter: fc.constantFrom(0, 2000),
    budget: fc.constant(false),
    backoff: fc.record({
      kind: fc.constantFrom('exponential', 'linear', 'constant'),
      jitter: fc.constantFrom('full', 'decorrelated', 'proportional', 'equal', 'none'),
      base: fc.constantFrom(0, 10, 100, 3000),
      factor: fc.constantFrom(1, 2, 3.5),
      max: fc.constantFrom(50, 1000, 5000),
    }),
  }),
  breaker: fc.constant(false),
  bulkhead: fc.constantFrom(false, { maxQueue: 0 }),
});

/** With a factor only where waits grow by one. */
const some = any.map((options) => fitted(options)) as fc.Arbitrary<DependencyOptions<unknown>>;

describe('the worst case that explain tells', () => {
  test('is never passed, and is reached when every attempt hangs and every draw is bad', () => {
    fc.assert(
      fc.property(some, (options) => {
        const { attempts, usual } = promised(options);
        const worst = run(options, 1 - 1e-9, null);
        expect(worst.attempts).toBeLessThanOrEqual(attempts);
        expect(worst.took).toBeLessThanOrEqual(usual);
        // What stops it short is a retry that could not have ended before the deadline.
        const least = worst.attempts === attempts ? usual * 0.98 - 1 : 0;
        expect(worst.took).toBeGreaterThan(least);
        for (const draw of [0, 0.5])
          expect(run(options, draw, null).took).toBeLessThanOrEqual(usual);
      }),
      { numRuns: 300, seed: 20_240_603 },
    );
  });

  test('is not passed either when the dependency asks to wait each time', () => {
    fc.assert(
      fc.property(some, fc.constantFrom(0, 500, 2000), (options, retryAfter) => {
        const { attempts, most } = promised(options);
        const worst = run(options, 1 - 1e-9, retryAfter);
        expect(worst.attempts).toBeLessThanOrEqual(attempts);
        expect(worst.took).toBeLessThanOrEqual(most);
      }),
      { numRuns: 300, seed: 20_240_604 },
    );
  });

  test('has no end where nothing bounds it', () => {
    expect(promised({ timeout: false, deadline: false }).most).toBe(Infinity);
    expect(promised({ deadline: false }).most).toBe(Infinity);
    expect(promised({ deadline: false, retry: false, bulkhead: false }).most).toBeCloseTo(1005);
    const unqueued = promised({ deadline: false, bulkhead: { maxQueue: 0 } });
    expect(unqueued.most).toBeGreaterThan(2 * 60_000 + 3300 - 1);
    expect(unqueued.most).toBeLessThan(2 * 60_000 + 4000);
  });

  test('includes the time of a fallback function, and of that alone', () => {
    const limits = { deadline: '2s' } as const;
    const plain = promised(limits).most;
    expect(promised({ ...limits, fallback: { run: () => 1, timeout: '3s' } }).most).toBe(
      plain + 3000,
    );
    expect(promised({ ...limits, fallback: { value: 1 } }).most).toBe(plain);
  });

  test('a million attempts without a wait are told quickly', () => {
    const retry = { maxAttempts: 1_000_000, backoff: { base: 0 } };
    expect(promised({ retry, deadline: false }).attempts).toBe(1_000_000);
  });
});

describe('explain', () => {
  test('tells the defaults in words, from the outside in', () => {
    expect(explain({})).toBe(
      `stock, from the outside in:
  no fallback
  deadline 4s unless the call sets another, and never more than its parent has left, less max(10ms, 5%)
  up to 3 attempts if repeating is safe, exponential waits from 100ms to 5s, full jitter
  retry budget: 10% of successful calls over 10s, plus 0.1/s
  bulkhead: 50 attempts at once, 100 calls waiting
  breaker: opens for 30s when 50% of the calls in 30s failed or 50% took longer than 500ms, if there were at least 20
  attempt timeout 1s
At worst, one call makes 3 attempts and takes 4s, or 3.3s if it waits neither in the queue nor for a Retry-After.`,
    );
  });

  test('tells what was left out', () => {
    expect(
      explain({ timeout: false, deadline: false, retry: false, breaker: false, bulkhead: false }),
    ).toBe(
      `stock, from the outside in:
  no fallback
  no deadline
  no retries
  no bulkhead
  no breaker
  no attempt timeout
At worst, one call makes 1 attempt and takes for ever.`,
    );
  });

  test('tells the kinds of the other policies', () => {
    const lines = explain({
      fallback: { stale: { maxAge: '1m' }, run: () => 1 },
      retry: {
        backoff: { kind: 'custom', custom: () => 1 },
        budget: { kind: 'token-bucket', earnedBy: 'call', capPerMinute: 60 },
      },
      breaker: { kind: 'count', windowCalls: 10, slowCallRate: 0 },
    });
    expect(lines).toContain(
      'fallback: the last good answer, up to 1m old, else a function, within 1s',
    );
    expect(lines).toContain('waits of your own, full jitter');
    expect(lines).toContain('10% of calls, plus 0.1/s, at most 60/min');
    expect(lines).toContain(
      'opens for 30s when 50% of the last 10 calls failed, if there were at least 10',
    );
    expect(explain({ breaker: { kind: 'consecutive' }, retry: { budget: false } })).toMatch(
      /no retry budget: an outage multiplies the load[^]*opens for 30s after 5 failures in a row/,
    );
    expect(explain({ fallback: { value: 1 } })).toContain('fallback: a fixed value');
  });
});
