import { describe, expect, test } from 'vitest';
import {
  dependency,
  type Dependency,
  type DependencyOptions,
  type HoldfastEvent,
  keyed,
  pending,
  preset,
  type PresetName,
  type Random,
  type Verdict,
  withRuntime,
} from '../index.ts';
import { testRuntime } from '../testing/index.ts';
import { derivedBreakerOptions } from './options.ts';

/** A string is a verdict, everything else a success; errors are transient. */
const classify = (o: { ok: boolean; value?: unknown }): Verdict =>
  o.ok
    ? ['transient', 'terminal'].includes(o.value as string)
      ? (o.value as Verdict)
      : 'success'
    : 'transient';

function setUp<F = never>(options: DependencyOptions<F> = {}) {
  const runtime = testRuntime();
  const it = dependency('stock', { ...options, classify }, runtime);
  return { runtime, clock: runtime.clock, it };
}

const fail = (): never => {
  throw new Error('down');
};
const hang = (): never => pending as never;

/** What its options have become, as its parts show it. */
const told = (options: object): string =>
  dependency('stock', { ...options, classify } as never, testRuntime()).explain();

const nothing = (): void => {};

/** The error of a dependency with these options. */
const wrong = (options: unknown): Error => {
  try {
    dependency('stock', options as never);
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was found wrong');
};

describe('the order', () => {
  test('fallback is outside the deadline: it answers when time is up', async () => {
    const { it, clock } = setUp({ fallback: { value: 'instead' } });
    const answer = it.tryCall(hang);
    clock.advance(1000);
    expect(await answer).toMatchObject({ value: 'instead', fellBack: true });
  });

  test('the deadline is outside retries and their waits', async () => {
    const { it, clock } = setUp({
      timeout: '1s',
      deadline: '2500ms',
      retry: { budget: false, backoff: { jitter: 'none', base: 400 } },
    });
    const answer = it.tryCall(hang, { idempotent: true });
    clock.advance(2500);
    expect(await answer).toMatchObject({
      ok: false,
      stoppedBy: 'deadline',
      error: { attempts: [{}, {}] },
    });
  });

  test('the timeout is per attempt, inside the retry', async () => {
    const { it, clock } = setUp({ retry: { budget: false, backoff: { base: 0 } } });
    const answer = it.tryCall(hang, { idempotent: true });
    clock.advance(3000);
    const { attempts } = await answer;
    expect(attempts.map(({ verdict, duration }) => [verdict, duration])).toEqual([
      ['timeout', 1000],
      ['timeout', 1000],
      ['timeout', 1000],
    ]);
  });

  test('the budget is inside the retry: a spent one stops retries and no first attempts', async () => {
    const { it } = setUp({ retry: { budget: { floorPerSecond: 0 }, backoff: { base: 0 } } });
    expect(await it.tryCall(fail, { idempotent: true })).toMatchObject({
      stoppedBy: 'budget',
      attempts: [{ attempt: 1 }],
    });
  });

  test('the bulkhead is inside the retry: a backoff holds no slot', () => {
    const { it, clock } = setUp({
      bulkhead: { maxConcurrent: 1 },
      retry: { backoff: { jitter: 'none', base: 500 } },
    });
    let other = 0;
    it.start(fail, () => {}, { idempotent: true });
    it.start(
      () => 'x',
      () => other++,
    );
    expect(other).toBe(1);
    expect(clock.armed).toBeGreaterThan(0);
  });

  test('the breaker is inside the bulkhead: who waits for a slot is no probe yet', () => {
    const { it, clock } = setUp({
      retry: false,
      timeout: false,
      bulkhead: { maxConcurrent: 1, releaseOn: 'settle' },
      breaker: { kind: 'consecutive', consecutiveFailures: 1, cooldown: 10, cooldownJitter: 0 },
    });
    const controller = new AbortController();
    let end = nothing;
    it.start(
      (attempt) => {
        end = () => attempt.succeed(1);
        return pending as never;
      },
      () => {},
      { signal: controller.signal },
    );
    // Cut when it was slow already, it opens the breaker, but its operation keeps the slot.
    clock.advance(3000);
    controller.abort();
    expect(it.breaker!.state).toBe('open');
    clock.advance(10);
    it.start(hang, () => {});
    expect(it.snapshot()).toMatchObject({
      bulkhead: { queued: 1 },
      'circuit-breaker': { state: 'open' },
    });
    end();
    expect(it.breaker!.state).toBe('half-open');
  });

  test('the breaker is outside the timeout: attempts that time out open it', () => {
    const { it, clock } = setUp({
      retry: false,
      breaker: { kind: 'consecutive', consecutiveFailures: 2 },
    });
    it.start(hang, () => {});
    it.start(hang, () => {});
    clock.advance(1000);
    expect(it.breaker!.state).toBe('open');
  });

  test('an open breaker ends the call at its entry, even when all slots are taken', async () => {
    const { it, clock } = setUp({ bulkhead: { maxConcurrent: 1 } });
    it.start(hang, () => {});
    it.breaker!.isolate();
    const before = clock.now();
    expect(await it.tryCall(() => 'x')).toMatchObject({ stoppedBy: 'breaker', attempts: [] });
    expect(clock.now()).toBe(before);
    expect(it.snapshot()).toMatchObject({ bulkhead: { queued: 0 } });
  });

  test('its parts are listed from the outside in', () => {
    const { it } = setUp();
    expect(Object.keys(it.snapshot())).toEqual([
      'dependency',
      'retry-budget',
      'bulkhead',
      'circuit-breaker',
    ]);
  });
});

describe('limits that fit together', () => {
  const worst: Random = { next: () => 1 - 1e-9, fork: () => worst };
  const cases: [string, DependencyOptions<never>][] = [
    ['the defaults', {}],
    ['the defaults over HTTP', { protocol: 'http' }],
    ...(['http', 'rpc', 'payments', 'batch', 'realtime'] as PresetName[]).map(
      (name): [string, DependencyOptions] => [`preset ${name}`, { preset: name }],
    ),
  ];

  test.each(cases)(
    '%s: all attempts and the longest waits end before the deadline',
    (_, options) => {
      const runtime = { ...testRuntime(), random: worst };
      const retry = { ...(options.retry as object), budget: false } as const;
      const it = dependency('it', { ...options, retry, classify }, runtime);
      let end: unknown[] = [];
      it.start(
        hang,
        ({ attempts, stoppedBy }) => {
          end = [attempts, stoppedBy];
        },
        { idempotent: true },
      );
      while (runtime.clock.armed > 0) runtime.clock.expireNext(Infinity);
      const most = Number(/up to (\d+) attempts/.exec(it.explain())![1]);
      expect(end).toEqual([most, 'attempts']);
    },
  );

  test('a preset is a copy: changing it changes no other', () => {
    const mine = preset('batch') as { retry: { maxAttempts: number } };
    mine.retry.maxAttempts = 99;
    expect(preset('batch').retry).toMatchObject({ maxAttempts: 5 });
  });

  test('a name that is none is refused', () => {
    expect(() => preset('htttp' as never)).toThrow(/preset must be one of http, rpc.*got htttp/);
  });
});

describe('options over a preset over the protocol', () => {
  test('HTTP has 5 s for an attempt and 20 s for a call, the rest 1 s and 4 s', () => {
    expect(told({ protocol: 'http' })).toMatch(/deadline 20s[^]*attempt timeout 5s/);
    expect(told({ preset: 'http' })).toMatch(/deadline 20s[^]*attempt timeout 5s/);
    expect(told({})).toMatch(/deadline 4s[^]*attempt timeout 1s/);
  });

  test('a preset goes before the protocol, and one’s own before the preset', () => {
    const text = told({ preset: 'payments', protocol: 'http', deadline: '25s' });
    expect(text).toMatch(/deadline 25s[^]*from 200ms to 2s[^]*attempt timeout 8s/);
  });

  test('nested options are merged, not replaced', () => {
    const text = told({ preset: 'realtime', retry: { backoff: { max: '50ms' } } });
    expect(text).toContain('up to 2 attempts');
    expect(text).toContain('from 25ms to 50ms');
  });

  test('true keeps what the preset says', () => {
    expect(told({ preset: 'realtime', breaker: true })).toBe(told({ preset: 'realtime' }));
    expect(told({ preset: 'batch', retry: true })).toBe(told({ preset: 'batch' }));
  });

  test('undefined is as if it had not been said', () => {
    expect(told({ preset: 'batch', timeout: undefined })).toBe(told({ preset: 'batch' }));
  });

  test('a call is slow after half the attempt timeout, unless it is said otherwise', () => {
    expect(told({ timeout: '3s' })).toContain('slower than 1.5s');
    expect(told({ timeout: '3s', breaker: { slowCallDuration: '1s' } })).toContain(
      'slower than 1s',
    );
    expect(told({ timeout: 1 })).toContain('slower than 1ms');
    expect(told({ timeout: false })).toContain('slower than 2.5s');
  });

  test('a probe is leased for the attempt timeout and a second', () => {
    expect(derivedBreakerOptions({ timeout: '3s' })).toMatchObject({
      breaker: { probeLease: 4000 },
    });
    expect(derivedBreakerOptions({ timeout: false })).toEqual({ breaker: {} });
    expect(derivedBreakerOptions({ timeout: '3s', breaker: false })).toEqual({});
  });

  test('a cooldown beyond the longest one’s default needs nothing else', () => {
    expect(told({ breaker: { cooldown: '10m' } })).toContain('for 10m');
  });

  test('options are not changed, and one object makes independent dependencies', () => {
    const options = Object.freeze({
      classify,
      retry: Object.freeze({ backoff: Object.freeze({ base: 0 }) }),
      breaker: Object.freeze({ kind: 'consecutive', consecutiveFailures: 1 } as const),
    });
    const runtime = testRuntime();
    const [a, b] = [dependency('a', options, runtime), dependency('b', options, runtime)];
    a.start(fail, () => {});
    expect([a.breaker!.state, b.breaker!.state]).toEqual(['open', 'closed']);
  });
});

describe('false leaves a part out', () => {
  test('each of them, and all of them', async () => {
    const it = dependency(
      'bare',
      { retry: false, breaker: false, bulkhead: false, timeout: false, deadline: false },
      testRuntime(),
    );
    expect(it.snapshot()).toEqual({ dependency: 'bare' });
    expect(it.breaker).toBeNull();
    expect(it.evictable).toBe(true);
    expect(await it.call(() => 5)).toBe(5);
  });

  test('a budget alone', () => {
    expect(Object.keys(setUp({ retry: { budget: false } }).it.snapshot())).not.toContain(
      'retry-budget',
    );
  });
});

describe('wrong options', () => {
  test('are told whole, each with its path', () => {
    const { message } = wrong({
      preset: 'htttp',
      timeout: -1,
      retry: { maxAttempts: 0, backoff: { base: 'soon' }, budget: { ratio: 11 } },
      breaker: { cooldown: '2m', maxCooldown: '1m', failureRate: 2 },
      bulkhead: { maxConcurent: 1 },
      fallback: {},
      onEvent: 5,
    });
    for (const path of [
      'preset must be one of',
      'timeout must be',
      'retry.maxAttempts must be',
      'retry.backoff.base must be',
      'retry.budget.ratio must be',
      "breaker.maxCooldown must be at least dependency('stock').breaker.cooldown, got 60000",
      'breaker.failureRate must be',
      "bulkhead.maxConcurent is not an option; did you mean 'maxConcurrent'?",
      'fallback needs a value, a run function, or stale',
      'onEvent must be a function',
      'classify is needed to retry',
    ]) {
      expect(message).toContain(`dependency('stock').${path}`);
    }
  });

  test.each([[undefined], [null], [5], [[]]])('%j instead of options', (options) => {
    expect(wrong(options)).toBeInstanceOf(TypeError);
  });

  test('who retries must say what outcomes mean, at run time too', () => {
    expect(wrong({})).toBeInstanceOf(TypeError);
    expect(() => dependency('x', { protocol: 'http' })).not.toThrow();
    expect(() => dependency('x', { retry: false })).not.toThrow();
  });

  test('a dependency has a name', () => {
    expect(() => dependency('', { retry: false })).toThrow(TypeError);
    expect(() => dependency(5 as never, { retry: false })).toThrow(TypeError);
  });
});

describe('ways to call', () => {
  test('call gives the value or rejects; tryCall never rejects', async () => {
    const { it } = setUp({ retry: false });
    expect(await it.call(() => 1)).toBe(1);
    await expect(it.call(fail)).rejects.toThrow('down');
    expect(await it.tryCall(() => 1)).toMatchObject({ ok: true, value: 1, stoppedBy: null });
    expect(await it.tryCall(fail)).toMatchObject({ ok: false, verdict: 'transient' });
  });

  test('start tells by callback', () => {
    const { it } = setUp();
    const seen: unknown[] = [];
    it.start(
      () => 1,
      ({ ok, value }) => seen.push([ok, value]),
    );
    expect(seen).toEqual([[true, 1]]);
  });

  test('wrap makes a function whose arguments follow the attempt', async () => {
    const { it } = setUp();
    const add = it.wrap(({ number }, a: number, b: number) => number + a + b);
    expect(await add(10, 20)).toBe(31);
    expect(await add(1, 2)).toBe(4);
  });

  test('its snapshot is plain JSON', () => {
    const { it } = setUp();
    const snapshot = it.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot).toMatchObject({
      dependency: 'stock',
      'retry-budget': { utilisation: 0 },
      bulkhead: { inFlight: 0 },
      'circuit-breaker': { state: 'closed' },
    });
  });

  test('every event bears its name, and goes to its own listener and to the runtime’s', async () => {
    const heard: HoldfastEvent[] = [];
    const { it, runtime } = setUp({ onEvent: (event) => heard.push(event) });
    await it.call(() => 1);
    expect(heard.map(({ type }) => type)).toEqual(['attempt.settled', 'call.settled']);
    expect(runtime.sink.events).toEqual(heard);
    expect(heard.every((event) => event.dependency === 'stock')).toBe(true);
  });

  test('a listener that throws harms nobody', async () => {
    expect(await setUp({ onEvent: fail }).it.call(() => 1)).toBe(1);
  });
});

describe('in a registry', () => {
  test('it may be forgotten while its breaker is closed and nothing runs', () => {
    const { it } = setUp();
    expect(it.evictable).toBe(true);
    let end = nothing;
    it.start(
      (attempt) => {
        end = () => attempt.succeed(1);
        return pending as never;
      },
      () => {},
    );
    expect(it.evictable).toBe(false);
    end();
    expect(it.evictable).toBe(true);
    it.breaker!.isolate();
    expect(it.evictable).toBe(false);
  });

  test('each key has its own', () => {
    const runtime = testRuntime();
    const shards = keyed((key): Dependency => dependency(key, { classify }, runtime), {}, runtime);
    shards.get('a').breaker!.isolate();
    expect(shards.get('b').breaker!.state).toBe('closed');
    expect(shards.get('a').name).toBe('a');
  });
});

describe('withRuntime', () => {
  test('binds every factory to one runtime', async () => {
    const runtime = testRuntime();
    const bound = withRuntime(runtime);
    const policies = [
      bound.bulkhead(),
      bound.circuitBreaker(),
      bound.deadline('1s'),
      bound.fallback({ value: 1 }),
      bound.retryBudget(),
      bound.timeout('1s'),
      bound.custom('own', (next) => next()),
      bound.retry(),
    ];
    expect(policies.every((policy) => policy.runtime === runtime)).toBe(true);
    const it = bound.dependency('it', { classify });
    const answer = it.tryCall(hang);
    runtime.clock.advance(1000);
    expect(await answer).toMatchObject({ verdict: 'timeout' });
    const things = bound.keyed(() => ({}), { idle: 5 });
    things.get('a');
    runtime.clock.advance(5);
    things.get('b');
    expect([...things.keys()]).toEqual(['b']);
    expect(await bound.pipeline(bound.classify(classify), bound.timeout(5)).call(() => 1)).toBe(1);
  });

  test('a runtime that is given to a factory goes before the bound one', () => {
    const other = testRuntime(2);
    expect(withRuntime(testRuntime()).bulkhead({}, other).runtime).toBe(other);
  });
});
