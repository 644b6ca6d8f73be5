/** Rules that go by load, on fleets small enough to be counted by hand. */
import { describe, expect, test } from 'vitest';

import { type Case, type Json, layer, rule } from '../../../test/cases.ts';

/** What the rule counted; undefined if it found nothing. */
const value = (id: string, given: Case): number | null | undefined => rule(id, given)?.value;

describe('bulkhead-by-littles-law counts for one replica', () => {
  const id = 'bulkhead-by-littles-law';
  const narrow = { policy: { bulkhead: { maxConcurrent: 1 } } };
  const slow = { stock: { serviceTime: '500ms', workers: 100 } };

  test.each<[string, Case, number]>([
    ['a share of the calls', { web: { replicas: 4 } }, 20 / 4 / 2],
    ['calls made now and then, or several at once', { call: { times: 2.5 } }, (20 * 2.5) / 2],
    ['optional ones like others', { call: { optional: true } }, 20 / 2],
    ['none of a request that fails by itself', { web: { failures: 0.25 } }, 15 / 2],
    ['none of a request that its cache answers', { web: { cache: { hitRate: 0.6 } } }, 8 / 2],
    // 0.99 s of thought, 10 ms at web, 500 ms at stock.
    [
      'clients by their thoughts and answers',
      { users: { rate: undefined, clients: 9, think: '990ms' } },
      9 / 1.5 / 2,
    ],
  ])('%s', (_what, given, slots) => {
    expect(value(id, { ...narrow, ...slow, ...given })).toBeCloseTo(slots, 9);
  });

  test('calls at once with a longer one as those one after another', () => {
    const other = { to: 'shelf', policy: 'none' };
    const call = { to: 'stock', policy: narrow.policy };
    for (const calls of [[call, other], [{ together: [call, other] }]]) {
      const services = { shelf: { serviceTime: '900ms', workers: 100 } };
      expect(value(id, { ...slow, services, web: { calls } })).toBe(10);
    }
  });
});

const hasty = (maxConcurrent: number): Json => ({ timeout: '100ms', bulkhead: { maxConcurrent } });

test('bulkhead-by-littles-law counts no more for a call than its timeout, and clients do not wait longer', () => {
  const id = 'bulkhead-by-littles-law';
  // A second on average.
  const stock = { serviceTime: { empirical: [...Array<number>(99).fill(10), 100_000] } };
  expect(value(id, { stock, policy: hasty(1) })).toBe(2);
  expect(value(id, { stock, policy: hasty(2) })).toBeUndefined();
  const users = { rate: undefined, clients: 40, think: '890ms', patience: '150ms' };
  // 40 clients, each with 890 ms of thought, and 110 ms at web.
  expect(value(id, { stock, policy: hasty(1), users })).toBe(4);
  expect(value(id, { stock, policy: hasty(1), users: { ...users, patience: '60ms' } })).toBe(
    40 / 0.95 / 10,
  );
});

/** Stock takes ten requests a second, of 20 ms each and a call of 180 ms; four come. */
function waiting(stock: Json, policy: Json = {}): Case {
  return {
    stock: { serviceTime: '20ms', workers: 2, calls: [{ to: 'shelf', policy: 'none' }], ...stock },
    services: { shelf: { serviceTime: '180ms', workers: 100, queue: { max: 10 } } },
    policy,
    users: { rate: 4 },
  };
}

describe('a worker is taken while the calls of its request are under way', () => {
  test('so a full queue before it takes that much longer', () => {
    const id = 'queue-outlives-deadline';
    // Against the second of a default timeout.
    const finding = rule(id, waiting({ queue: { max: 20 } }));
    expect(finding?.value).toBeCloseTo(2000, 9);
    expect(finding?.fix).toContain('`max: 5`');
    expect(value(id, waiting({ queue: { max: 10 } }))).toBeUndefined();
  });

  test('but no longer than an attempt may take, however slow the callee is now and then', () => {
    const calls = [{ to: 'shelf', policy: { timeout: '30ms' } }];
    const id = 'queue-outlives-deadline';
    expect(value(id, waiting({ calls, queue: { max: 60 } }))).toBeCloseTo(1500, 9);
    expect(value(id, waiting({ calls, queue: { max: 40 } }))).toBeUndefined();
  });

  test('so it has less room for the floors of retry budgets', () => {
    const id = 'budget-floors-add-up';
    expect(value(id, waiting({}, { retry: { budget: { floorPerSecond: 7 } } }))).toBe(7);
    expect(value(id, waiting({}, { retry: { budget: { floorPerSecond: 5 } } }))).toBeUndefined();
  });
});

test('queue-outlives-deadline counts with all workers busy, however much they slow each other down', () => {
  // Both together take 100 ms each.
  const stock = { serviceTime: { loaded: '20ms', slope: 4 }, workers: 2 };
  const given = (max: number): Case => ({
    stock: { ...stock, queue: { max } },
    users: { rate: 4 },
  });
  const finding = rule('queue-outlives-deadline', given(30));
  expect(finding?.value).toBeCloseTo(1500, 9);
  expect(finding?.fix).toContain('`max: 10`');
  expect(rule('queue-outlives-deadline', given(20))).toBeUndefined();
});

test('breaker-never-opens counts the attempts of one replica: a share, now and then, of what is no hit', () => {
  const id = 'breaker-never-opens';
  const policy = { breaker: { minimumCalls: 100, window: '10s' }, retry: false };
  const given = (own: Case): Case => ({ policy, ...own });
  expect(value(id, given({ web: { replicas: 4 } }))).toBe(50);
  expect(value(id, given({ call: { times: 0.25 } }))).toBe(50);
  expect(value(id, given({ web: { cache: { hitRate: 0.75 }, failures: 0.2 } }))).toBeCloseTo(40, 9);
  expect(value(id, given({ call: { times: 0.5 } }))).toBeUndefined();
});

describe('what a mesh leaves for an attempt', () => {
  // A second on average.
  const stock = {
    workers: 1000,
    serviceTime: { empirical: [...Array<number>(99).fill(10), 100_000] },
  };
  const given = (limits: Json): Case => ({
    policy: { timeout: '10s', deadline: '10s', retry: false, bulkhead: { maxConcurrent: 10 } },
    web: { workers: 100, serviceTime: '10ms', queue: { max: 150 } },
    stock,
    layers: [layer(limits)],
    users: { policy: { timeout: '1s', retry: false } },
  });

  test.each([
    ['for all tries', { timeout: 300 }],
    ['for one', { maxAttempts: 3, perTry: 300, timeout: 5000 }],
  ])('%s is all that bulkheads and queues are counted with', (_what, limits) => {
    for (const id of ['bulkhead-by-littles-law', 'queue-outlives-deadline']) {
      expect(value(id, given({}))).toBeGreaterThan(0);
      expect(value(id, given(limits))).toBeUndefined();
    }
  });
});

const entered = (policy: Json, users: Json): Case => ({
  web: { serviceTime: '100ms', workers: 500, recoveryTime: '1m', calls: [] },
  users: { policy, ...users },
});
const needing = (minimumCalls: number): Json => ({
  retry: false,
  breaker: { minimumCalls, window: '10s' },
});

describe('policies of users', () => {
  const narrow = { bulkhead: { maxConcurrent: 9 } };

  test('of those at a rate, who come through one gateway, count with all of the rate', () => {
    const id = 'bulkhead-by-littles-law';
    const found = rule(id, entered(narrow, { rate: 100 }));
    expect(found?.message).toBe(
      'shoppers > web: the gateway of shoppers makes 100 calls a second that take 100ms each, so 10 are in flight at once, but the bulkhead has only 9 slots',
    );
    expect(found?.fix).toBe('Set `bulkhead: { maxConcurrent: 20 }`.');
    expect(rule(id, entered(narrow, { rate: 90 }))).toBeUndefined();
    const rare = entered(needing(20), { rate: 0.5 });
    expect(rule('breaker-never-opens', rare)?.message).toMatch(
      /: the gateway of shoppers makes 0\.5 attempts a second, so 5 are in /,
    );
  });

  test('of clients count for each of them', () => {
    const clients = { rate: undefined, clients: 50, think: '900ms' };
    const id = 'breaker-never-opens';
    expect(rule(id, entered(needing(11), clients))?.message).toMatch(
      /: each of 50 clients makes 1 attempts a second, so 10 are in/,
    );
    expect(rule(id, entered(needing(10), clients))).toBeUndefined();
    // A client makes one call at a time.
    expect(rule('bulkhead-by-littles-law', entered(narrow, clients))).toBeUndefined();
  });

  test('wait with a probe until the service may be back', () => {
    const id = 'cooldown-shorter-than-recovery';
    expect(rule(id, entered({ breaker: { cooldown: '5s' } }, {}))?.at).toBe('shoppers > web');
    expect(rule(id, entered({ breaker: { cooldown: '1m' } }, {}))).toBeUndefined();
    expect(rule(id, { ...entered({}, {}), users: {} })).toBeUndefined();
  });
});
