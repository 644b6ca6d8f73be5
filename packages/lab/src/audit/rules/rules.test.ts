import { PRESETS } from 'holdfast/spec';
import { describe, expect, test } from 'vitest';

import {
  type Case,
  found,
  type Json,
  layer,
  mesh,
  placeOf,
  pooled,
  rule,
} from '../../../test/cases.ts';
import { fleetOf } from '../../spec/fleet.ts';
import { audit } from '../audit.ts';
import type { Finding } from '../finding.ts';
import { RULES } from './table.ts';

interface Fault {
  readonly faulty: Case;
  readonly mended: Case;
  /** Findings that the fault brings with it, because it is one of theirs as well. */
  readonly brings?: readonly string[];
}

const backoff = (options: Json): Case => ({ policy: { retry: { backoff: options } } });

function inTurn(calls: number, timeout: string): object[] {
  return Array.from({ length: calls }, () => ({ to: 'stock', policy: { timeout } }));
}

/** Stock calls two others. */
function routing(east: object, west: object): Case {
  const calls = [
    { to: 'east', ...east },
    { to: 'west', ...west },
  ];
  return { stock: { calls }, services: { east: {}, west: {} } };
}

const CASES: Readonly<Record<string, Fault>> = {
  'retries-multiply': {
    faulty: {
      policy: { retry: { maxAttempts: 4, budget: false } },
      users: { policy: { retry: { maxAttempts: 4, budget: false } } },
    },
    mended: { policy: { retry: false }, users: { policy: {} } },
    brings: ['no-budget', 'several-retry-owners', 'tries-do-not-fit'],
  },
  'double-retry': {
    faulty: { layers: [layer({ maxAttempts: 3 })] },
    mended: { policy: { retry: false }, layers: [layer({ maxAttempts: 3 })] },
  },
  'several-retry-owners': {
    faulty: {
      policy: { retry: { budget: { ratio: 1 } } },
      users: { policy: { retry: { budget: { ratio: 1 } } } },
    },
    mended: { policy: {}, users: { policy: {} } },
  },
  'no-budget': { faulty: { policy: { retry: { budget: false } } }, mended: {} },
  'budget-floors-add-up': {
    faulty: {
      policy: { retry: { budget: { floorPerSecond: 1 } } },
      web: { replicas: 1000 },
      stock: { workers: 11 },
      users: { rate: 1000 },
    },
    mended: { web: { replicas: 1000 }, stock: { workers: 20 }, users: { rate: 1000 } },
  },
  'unlimited-attempts': {
    faulty: { policy: { deadline: '3m', retry: { maxAttempts: 20 } } },
    mended: { policy: { deadline: '3m', retry: { maxAttempts: 5 } } },
  },
  'unbounded-retry-concurrency': { faulty: { policy: { bulkhead: false } }, mended: {} },
  'unsafe-retry': {
    faulty: { policy: 'none', layers: [layer({ maxAttempts: 3, retryOn: ['5xx'] })] },
    mended: {
      policy: 'none',
      call: { keyed: true },
      stock: { idempotency: {} },
      layers: [layer({ maxAttempts: 3, retryOn: ['5xx'] })],
    },
  },
  'key-not-remembered': {
    faulty: { call: { keyed: true } },
    mended: { call: { keyed: true }, stock: { idempotency: {} } },
  },
  'retention-shorter-than-retries': {
    faulty: { call: { keyed: true }, stock: { idempotency: { lease: '1s', retention: '2s' } } },
    mended: { call: { keyed: true }, stock: { idempotency: { lease: '1s', retention: '1h' } } },
  },
  'no-jitter': { faulty: backoff({ jitter: 'none' }), mended: backoff({ jitter: 'proportional' }) },
  'equal-jitter': { faulty: backoff({ jitter: 'equal' }), mended: backoff({ jitter: 'full' }) },
  'fixed-interval': { faulty: backoff({ kind: 'constant' }), mended: backoff({ kind: 'linear' }) },
  'missing-timeout': { faulty: { policy: { timeout: false } }, mended: {} },
  'timeout-too-short': {
    faulty: { policy: { timeout: 5, retry: false }, stock: { queue: { max: 0 } } },
    mended: { policy: { timeout: '50ms', retry: false }, stock: { queue: { max: 0 } } },
  },
  'missing-deadline': { faulty: { policy: { deadline: false } }, mended: {} },
  'timeout-inversion': {
    faulty: { policy: { timeout: '2s', deadline: '8s' }, users: { policy: {} } },
    mended: { policy: { timeout: '800ms' }, users: { policy: {} } },
  },
  'sequence-does-not-fit': {
    faulty: { web: { calls: inTurn(3, '400ms') }, users: { policy: {} } },
    mended: { web: { calls: inTurn(3, '300ms') }, users: { policy: {} } },
  },
  'tries-do-not-fit': {
    faulty: { policy: { timeout: '2s' } },
    mended: { policy: { timeout: '2s', deadline: '8s' } },
  },
  'breaker-never-opens': {
    faulty: { users: { rate: 0.5 } },
    mended: { policy: { breaker: { minimumCalls: 10 } }, users: { rate: 0.5 } },
  },
  'shared-breaker': {
    faulty: routing({ times: 0.7 }, { times: 0.3 }),
    mended: { ...routing({ times: 0.7 }, { times: 0.3 }), policy: { breaker: false } },
  },
  'probes-herd': {
    faulty: { policy: { breaker: { cooldownJitter: 0 } }, web: { replicas: 20 } },
    mended: { policy: { breaker: { cooldownJitter: 0.1 } }, web: { replicas: 20 } },
  },
  'cooldown-shorter-than-recovery': {
    faulty: { stock: { recoveryTime: '1m' } },
    mended: { policy: { breaker: { cooldown: '1m' } }, stock: { recoveryTime: '1m' } },
  },
  'retry-horizon-shorter-than-recovery': {
    faulty: { policy: { breaker: false }, stock: { recoveryTime: '10s' } },
    mended: { stock: { recoveryTime: '10s' } },
  },
  'no-fallback': {
    faulty: { call: { optional: true } },
    mended: { call: { optional: true }, policy: { fallback: { value: [] } } },
  },
  'load-exceeds-capacity': {
    faulty: { stock: { workers: 1, serviceTime: '60ms', queue: { max: 5 } } },
    mended: { stock: { workers: 2, serviceTime: '60ms', queue: { max: 5 } } },
  },
  'bulkhead-by-littles-law': {
    faulty: { policy: { bulkhead: { maxConcurrent: 1 } }, stock: { serviceTime: '80ms' } },
    mended: { policy: { bulkhead: { maxConcurrent: 4 } }, stock: { serviceTime: '80ms' } },
  },
  'pool-by-littles-law': {
    faulty: { stock: { serviceTime: '80ms' }, layers: [pooled(1)] },
    mended: { stock: { serviceTime: '80ms' }, layers: [pooled(4)] },
  },
  'queue-outlives-deadline': {
    faulty: { stock: { workers: 1, serviceTime: '20ms' } },
    mended: { stock: { workers: 1, serviceTime: '20ms', queue: { checksDeadline: true } } },
  },
  'shutdown-budget': {
    faulty: { stock: { shutdown: { drain: '30s', terminationGracePeriod: '30s' } } },
    mended: { stock: { shutdown: { drain: '25s', terminationGracePeriod: '30s' } } },
  },
  'liveness-asks-dependency': { faulty: { web: { livenessAsks: ['stock'] } }, mended: {} },
};

describe('each rule', () => {
  test('has a fault and the same mended', () => {
    expect(Object.keys(CASES)).toEqual(RULES.map(({ id }) => id));
  });

  test.each(RULES.map(({ id }) => id))('%s finds its fault, only it, and not the mended', (id) => {
    const { faulty, mended, brings = [] } = CASES[id] as Fault;
    const rules = new Set(found(faulty).map((finding) => finding.rule));
    expect([...rules].toSorted()).toEqual([id, ...brings].toSorted());
    expect(found(mended)).toEqual([]);
  });

  test('says what, why and what to do, in sentences', () => {
    for (const { faulty } of Object.values(CASES)) {
      for (const { message, why, fix, place } of found(faulty)) {
        expect(message).not.toMatch(/NaN|Infinity|undefined|\.$/);
        expect(fix).toMatch(/^[A-Z`].*\.$/);
        expect(why).toMatch(/^[A-Z`].*\.$/);
        expect(place.path.length).toBeGreaterThan(0);
      }
    }
  });
});

describe('cases of one rule', () => {
  test('timeout-inversion is an error where no deadline cuts the callee, and says by how much', () => {
    const faulty: Case = { policy: { deadline: false }, users: { policy: {} } };
    const finding = rule('timeout-inversion', faulty);
    // Three attempts of 1 s and waits of 100 and 200 ms, against 1 s.
    expect(finding).toMatchObject({ severity: 'error', value: 2300, at: 'shoppers > web' });
    expect(rule('timeout-inversion', CASES['timeout-inversion']?.faulty ?? {})?.severity).toBe(
      'warning',
    );
  });

  test('sequence-does-not-fit is an error when even good days are too long', () => {
    const finding = rule('sequence-does-not-fit', {
      web: { calls: inTurn(4, '1s') },
      stock: { serviceTime: '300ms', workers: 100 },
      users: { policy: {} },
    });
    expect(finding).toMatchObject({ severity: 'error', value: 210 });
    expect(finding?.message).toContain('but web usually takes 1.21s with the calls');
  });

  test('tries-do-not-fit gives the nominal number, and what can begin and end', () => {
    expect(rule('tries-do-not-fit', { policy: { timeout: '1.5s' } })?.message).toContain(
      '3 attempts of the library and their waits need 4.8s, but they have 4s in all: 3 can begin, 2 can end',
    );
  });

  test('budget-floors-add-up counts the retries at once that a mesh always allows', () => {
    const budget = { maxAttempts: 2, extraShare: 0.25, implicit: true };
    const floorsOf = (concurrentFloor: number): Finding | undefined =>
      rule('budget-floors-add-up', {
        policy: 'none',
        layers: [layer({ ...budget, concurrentFloor })],
        web: { replicas: 6 },
        stock: { workers: 10, serviceTime: '10ms' },
      });
    // Six sidecars with three at once each, on ten workers.
    expect(floorsOf(3)?.value).toBe(1800);
    expect(floorsOf(1)).toBeUndefined();
    expect(floorsOf(Infinity)).toBeUndefined();
    expect(rule('budget-floors-add-up', { stock: { serviceTime: 0 } })).toBeUndefined();
  });

  test('shared-breaker leaves alone who calls several for one request, or one by chance', () => {
    for (const given of [
      routing({}, {}),
      routing({ times: 0.1 }, {}),
      routing({ times: 0.9 }, { times: 0.9 }),
      routing({ times: 0.5 }, { times: 0.5, optional: true }),
    ]) {
      expect(rule('shared-breaker', given)).toBeUndefined();
    }
  });

  test('fixed-interval finds attempts without any wait', () => {
    const finding = rule('fixed-interval', backoff({ base: 0, jitter: 'none' }));
    expect(finding?.message).toContain('makes its 3 attempts one after another without any wait');
    expect(rule('no-jitter', backoff({ base: 0, jitter: 'none' }))).toBeUndefined();
  });

  test('bulkhead-by-littles-law says of a bulkhead of one that it has one slot', () => {
    const policy = { bulkhead: { maxConcurrent: 1 } };
    const finding = rule('bulkhead-by-littles-law', { policy, stock: { serviceTime: '80ms' } });
    expect(finding?.message).toMatch(/, but the bulkhead has only 1 slot$/);
  });

  test('bulkhead-by-littles-law finds one that is far too large, if somebody chose it', () => {
    const finding = rule('bulkhead-by-littles-law', {
      policy: { bulkhead: { maxConcurrent: 5000 } },
    });
    expect(finding?.message).toContain('is too large to protect anything');
  });

  test('queue-outlives-deadline leaves what is not ours alone, and finds a queue without a bound', () => {
    const unbounded = { queue: { max: 'unbounded' } };
    expect(rule('queue-outlives-deadline', { stock: unbounded })?.value).toBeNull();
    expect(
      rule('queue-outlives-deadline', { stock: { ...unbounded, external: true } }),
    ).toBeUndefined();
  });

  test('unsafe-retry leaves alone what has not been worked on, and what a mesh does unasked', () => {
    expect(rule('unsafe-retry', mesh({ retryOn: ['refused-stream'] }))).toBeUndefined();
    expect(rule('unsafe-retry', mesh({ retryOn: ['5xx'], implicit: true }))).toBeUndefined();
    expect(rule('unsafe-retry', mesh({ kind: 'grpc', retryOn: ['UNAVAILABLE'] }))?.value).toBe(3);
    expect(rule('unsafe-retry', mesh({ retryOn: [] }))?.value).toBe(3);
  });

  test('retries-multiply finds what mesh layers multiply, hop by hop, and says it once a path', () => {
    const hop = { maxAttempts: 3, implicit: true };
    const findings = found({
      layers: [
        layer(hop),
        layer({ ...hop, from: 'stock', to: 'shelf' }),
        layer({ ...hop, from: 'shelf', to: 'box' }),
      ],
      stock: { calls: [{ to: 'shelf' }] },
      services: { shelf: { calls: [{ to: 'box' }] }, box: {} },
    }).filter((finding) => finding.rule === 'retries-multiply');
    expect(findings.map(({ at, value }) => [at, value])).toEqual([['shelf > box', 729]]);
    expect(findings[0]?.message).toContain(
      'shoppers > web > stock > shelf > box: 1 x 9 x 9 x 9 = 729',
    );
  });
});

/** A fleet with one policy on every edge. */
function fleetWith(policy: Json): Json {
  return {
    name: 'fleet',
    services: {
      web: {
        replicas: 3,
        // Enough for its queue to be worked off while the callers of `realtime` wait.
        workers: 20,
        calls: [
          { to: 'checkout', policy },
          {
            together: [
              { to: 'stock', policy },
              { to: 'prices', policy, keyed: true },
            ],
          },
        ],
      },
      checkout: { replicas: 2, calls: [{ to: 'payments', policy, idempotent: true }] },
      stock: { cache: { hitRate: 0.5 }, calls: [{ to: 'prices', policy }] },
      prices: { recoveryTime: '5s', idempotency: {} },
      payments: { external: true, workers: 20, serviceTime: { exponential: '20ms' } },
    },
  };
}

describe('the audit is quiet', () => {
  const policies: readonly (readonly [string, Json])[] = [
    ['the defaults', {}],
    ['the defaults over HTTP', { protocol: 'http' }],
    ...PRESETS.map((preset) => [preset, { preset }] as const),
  ];

  test.each(policies)('on %s', (_name, policy) => {
    for (const users of [
      { to: 'web', rate: 50 },
      { to: 'web', rate: 50, patience: '1m' },
      { to: 'web', rate: 50, policy },
      // Each of them calls often enough for the shortest window.
      { to: 'web', clients: 40, think: '350ms', policy, patience: '1m' },
    ]) {
      const fleet = fleetOf({ ...fleetWith(policy), users: { shoppers: users } });
      expect(audit(fleet, { placeOf }).findings).toEqual([]);
    }
    expect(audit(fleetOf(fleetWith(policy)), { placeOf }).findings).toEqual([]);
  });

  test('on ten hops of defaults', () => {
    const names = Array.from({ length: 10 }, (_, i) => `s${i}`);
    const services = Object.fromEntries(
      names.map((name, i) => [name, i === 9 ? {} : { calls: [{ to: `s${i + 1}` }] }]),
    );
    const users = { shoppers: { to: 's0', rate: 20, policy: {} } };
    expect(audit(fleetOf({ name: 'deep', services, users }), { placeOf }).findings).toEqual([]);
  });
});
