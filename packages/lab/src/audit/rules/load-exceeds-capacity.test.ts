/** `load-exceeds-capacity` on fleets small enough to be counted by hand. */
import { describe, expect, test } from 'vitest';

import { type Case, found, type Json, layer, rule } from '../../../test/cases.ts';
import type { Finding } from '../finding.ts';

const id = 'load-exceeds-capacity';

/** Stock takes ten requests a second, unless a case says something else. */
const slow = { serviceTime: '100ms', workers: 1, queue: { max: 2 } };

function at(service: string, given: Case): Finding | undefined {
  return found(given).find((finding) => finding.rule === id && finding.at === service);
}

/** Requests that come / requests that stock can serve. */
function share(given: Case): number | null | undefined {
  return at('stock', { ...given, stock: { ...slow, ...given.stock } })?.value;
}

/** What is to be done where users ask stock so often. */
function fix(rate: number, about: Json = {}): string | undefined {
  return at('stock', { stock: { ...slow, ...about }, users: { rate } })?.fix;
}

/** Users whose rate changes. */
const pieces = (...rate: Json[]): Case => ({ users: { rate } });
const last = (then: Json): Case => pieces({ at: 0, rate: 5 }, { at: '1m', ...then });

/** Users of a trace. */
const every = (gap: number, count: number): Case => ({
  users: { rate: undefined, trace: Array.from({ length: count }, (_, i) => gap * i) },
});

/** 1200 requests nearly at once. */
const batch = (patience: string): Case => ({
  users: { ...every(1, 1200).users, patience },
  policy: { timeout: '1h', deadline: '1h' },
});

/** Users in a closed loop. */
const clients = (count: number, think: string): Case => ({
  users: { rate: undefined, clients: count, think, patience: '3s' },
});

/** Web can serve 50 a second by itself. */
const behind = (given: Case): Finding | undefined =>
  at('web', {
    ...given,
    web: { workers: 1, serviceTime: '20ms', ...given.web },
    stock: { serviceTime: '180ms', workers: 100, ...given.stock },
  });

/** So many calls a second that are needed, and 20 that are not. */
const mixed = (rate: number): Json => ({
  calls: [
    { to: 'stock', times: rate / 20 },
    { to: 'stock', optional: true },
  ],
});

/** The same, with a queue of this order, and calls of this criticality that are not needed. */
function sorted(order: string, criticality: string, rate = 9): Case {
  const [needed, other] = mixed(rate)['calls'] as Json[];
  return {
    web: { calls: [needed, { ...other, criticality }] },
    stock: { ...slow, queue: { max: 2, order } },
  };
}

/** Stock's call after one of fraud, which fails for a fifth of its requests. */
const after = (first: Json, own: Json = {}): Case => ({
  web: { calls: [{ to: 'fraud', ...first }, { to: 'stock' }] },
  services: { fraud: { failures: 0.2, ...own } },
});

test('says how many come, how many can be served, and what would be enough', () => {
  const stock = { ...slow, replicas: 2, workers: 3 };
  expect(rule(id, { stock, users: { rate: 100 } })).toMatchObject({
    severity: 'error',
    at: 'stock',
    message:
      'stock is asked for 100 requests a second, even if nobody retries, but can serve at most 60: 2 replicas of 3 workers, and a request takes one for at least 100ms',
    fix: 'Have `replicas: 4`, or `workers: 5` at least, and some more for busy minutes; or turn 40 % of the requests away before they come here. If it can serve more than that, state its `workers` and `serviceTime`.',
    value: 100 / 60,
  });
  expect(rule(id, { stock, users: { rate: 60 } })).toBeUndefined();
});

test('names no more than may be stated, and who is to act', () => {
  expect(fix(10_000)).toMatch(/^Have `replicas: 1000`, or `workers: 1000` at least/);
  expect(fix(10_010)).toMatch(/^Have `workers: 1001` at least/);
  expect(fix(1_000_000)).toMatch(/^Have `workers: 100000` at least/);
  expect(fix(1_000_000, { serviceTime: '101ms' })).toMatch(/^Serve each request in less time; or /);
  expect(fix(20, { external: true })).toMatch(/^Have its owners give it `replicas: 2`, or /);
});

test('takes what sums of fractions are wrong by for none', () => {
  const calls = [0.04, 0.46].map((times) => ({ to: 'stock', times }));
  // 10.000000000000002 and 20.000000000000004.
  expect(share({ web: { calls }, users: { rate: 20 } })).toBeUndefined();
  const twice = at('stock', { stock: slow, web: { calls }, users: { rate: 40 } });
  expect(twice?.fix).toMatch(/^Have `replicas: 2`, or `workers: 2` at least/);
});

describe('counts what reaches a service', () => {
  test.each<[string, Case, number]>([
    ['once for each request', {}, 2],
    ['as often as it is called', { call: { times: 2.5 } }, 5],
    [
      'over all ways to it',
      {
        web: { calls: [{ to: 'stock' }, { to: 'other' }] },
        services: { other: { calls: [{ to: 'stock' }] } },
      },
      4,
    ],
    ['what its caller has no answer for', { web: { cache: { hitRate: 0.25 } } }, 1.5],
    ['what does not fail before', { web: { failures: 0.25 } }, 1.5],
    ['not what is tried again', { policy: { retry: { maxAttempts: 9, budget: false } } }, 2],
  ])('%s', (_what, given, expected) => {
    expect(share(given)).toBeCloseTo(expected, 9);
  });

  test.each<[string, Case, number]>([
    ['one that is needed', after({}), 1.6],
    ['one that only some make', after({ times: 0.5 }), 1.8],
    ['two, both of which are needed', after({ times: 2 }), 1.28],
    ['one that answers are good without', after({ optional: true }), 2],
    ['one with a fallback', after({ policy: { fallback: { value: 1 } } }), 2],
    ['one whose own call fails', after({}, { failures: 0, calls: [{ to: 'list' }] }), 1.5],
  ])('not the requests that have failed before its call: after %s', (_what, given, expected) => {
    const services = { list: { failures: 0.25 }, ...given.services };
    expect(share({ ...given, services })).toBeCloseTo(expected, 9);
  });

  test('but all where the calls are made at once', () => {
    const together = [{ to: 'fraud' }, { to: 'stock' }];
    expect(share({ ...after({}), web: { calls: [{ together }] } })).toBe(2);
  });

  test('and nothing where nobody knows who comes, or where work takes no time', () => {
    expect(share({ users: { rate: 0 } })).toBeUndefined();
    expect(share({ stock: { serviceTime: 0 }, users: { rate: 1_000_000 } })).toBeUndefined();
  });
});

describe('counts the load that lasts', () => {
  test('of a rate in pieces the last one, of a ramp its lower end', () => {
    expect(share(last({ rate: 30 }))).toBe(3);
    expect(share(last({ rate: 50, until: 20 }))).toBe(2);
    expect(share(last({ rate: 5, until: 500 }))).toBeUndefined();
    expect(share(pieces({ at: 0, rate: 500 }, { at: '1m', rate: 5 }))).toBeUndefined();
  });

  test('of a trace the mean until the last has waited, over a minute at least', () => {
    // Three minutes, and the users' ten seconds.
    expect(share(every(40, 4501))).toBeCloseTo(4501 / 1900, 9);
    expect(share(every(1, 600))).toBeUndefined();
    expect(share(every(1, 1200))).toBe(2);
  });

  test('of a batch that can wait until all is done, no more than is asked for in that time', () => {
    expect(share(batch('5m'))).toBeUndefined();
    expect(share(batch('90s'))).toBeCloseTo(1200 / 911.99, 9);
  });

  test('of clients what they send if each waits for its answer as long as it can', () => {
    expect(share(clients(100, '2s'))).toBe(2);
    expect(share(clients(50, '2s'))).toBeUndefined();
    expect(
      share({
        users: { ...clients(100, '2s').users, policy: { timeout: false, deadline: false } },
      }),
    ).toBeUndefined();
  });
});

describe('counts for how long a request takes a worker', () => {
  test('with the calls that it waits for', () => {
    expect(behind({})?.value).toBe(4);
    expect(behind({ call: { times: 0.5 } })?.value).toBeCloseTo(2.2, 1);
    expect(behind({ call: { times: 2 } })?.value).toBe(4);
    expect(behind({ web: { cache: { hitRate: 0.5 } } })?.value).toBeCloseTo(2.2, 1);
    const calls = [{ to: 'stock' }, { to: 'stock' }];
    expect(behind({ web: { calls } })?.value).toBeCloseTo(7.6, 1);
    expect(behind({ web: { calls: [{ together: calls }] } })?.value).toBe(4);
  });

  test('not with those that are not made, for one before them has failed', () => {
    const given = after({}, { serviceTime: 0 });
    // 20 ms, and four fifths of 180 ms.
    expect(behind(given)?.value).toBeCloseTo(20 * 0.164, 1);
    expect(behind({ ...given, ...after({ optional: true }) })?.value).toBeCloseTo(20 * 0.2, 9);
    const list = { serviceTime: 0, failures: 0.25 };
    const twice = { calls: [{ to: 'fraud' }, { to: 'list' }, { to: 'stock' }] };
    const both = { ...given, services: { ...given.services, list }, web: twice };
    expect(behind(both)?.value).toBeCloseTo(20 * 0.128, 1);
  });

  test('with what those wait for in their turn', () => {
    const list = { serviceTime: 0, workers: 100, calls: [{ to: 'stock' }] };
    expect(behind({ web: { calls: [{ to: 'list' }] }, services: { list } })?.value).toBe(4);
  });

  test('not with those that it can do without, or that are hedged', () => {
    expect(behind({ call: { optional: true } })).toBeUndefined();
    expect(behind({ policy: { fallback: { value: 1 } } })).toBeUndefined();
    const layers = [layer({ kind: 'grpc', maxAttempts: 2, hedges: true })];
    expect(behind({ call: { idempotent: true }, layers })).toBeUndefined();
  });

  test('not for longer than an attempt may take', () => {
    expect(behind({ policy: { timeout: '80ms' } })?.value).toBeCloseTo(2, 9);
    // Nine of ten take 20 ms, and who tries again does not wait for the others.
    const stock = { serviceTime: { empirical: [...Array<string>(9).fill('20ms'), '2s'] } };
    expect(behind({ stock, policy: { timeout: '60ms' } })).toBeUndefined();
    expect(behind({ stock })?.value).toBeLessThan(20 * (0.02 + 0.9 * 0.02 + 0.1));
    expect(
      behind({ stock, policy: { timeout: '60s', deadline: '60s' }, users: { patience: '1h' } })
        ?.value,
    ).toBeCloseTo(4.7, 0);
  });

  test('what is cancelled no longer than its callers wait, and they no longer than theirs', () => {
    const queue = { max: 2, abandoned: 'cancelled' };
    const policy = { timeout: '50ms' };
    expect(share({ policy })).toBe(2);
    expect(share({ policy, stock: { queue } })).toBeUndefined();
    const users = { policy: { timeout: '40ms' } };
    expect(share({ users, stock: { queue } })).toBeUndefined();
    expect(behind({ users })).toBeUndefined();
    // 20 or 200 ms, and 285 ms at most: by Scarf's bound 99.1 ms.
    const half = { call: { times: 0.5 }, users: { patience: '300ms' } };
    expect(behind(half)?.value).toBeCloseTo(10 * (0.395 - Math.hypot(0.09, 0.175)), 9);
    const calls = [{ to: 'stock' }, { to: 'stock' }];
    const cached = { cache: { hitRate: 0.5 } };
    const [stock, { users: hasty }] = [{ serviceTime: '90ms' }, half];
    expect(behind({ users: hasty, stock, web: { ...cached, calls } })?.value).toBeCloseTo(
      behind(half)!.value!,
      9,
    );
    // 200 ms for a quarter.
    const deviation = 0.18 * Math.sqrt(0.25 * 0.75);
    expect(behind({ ...half, web: cached })?.value).toBeCloseTo(
      10 * (0.35 - Math.hypot(deviation, 0.22)),
      9,
    );
  });

  test('what is cancelled no longer than the least patient of its callers waits', () => {
    const queue = { max: 2, abandoned: 'cancelled' };
    const other = { calls: [{ to: 'stock' }] };
    const first = { to: 'stock', policy: { timeout: '50ms' } };
    const given = { stock: { queue }, services: { other } };
    // 40 ms, since it is told of 10 less.
    expect(share({ ...given, web: { calls: [first, { to: 'other' }] } })).toBe(1.6);
    expect(share({ ...given, web: { calls: [{ to: 'other' }, first] } })).toBe(1.6);
  });

  test('where callers try again, no longer than whoever gives up slow ones needs for each that is answered', () => {
    const users = { policy: { retry: {} }, patience: '20s' };
    expect(behind({ users })?.value).toBe(4);
    // At the next try, the cache may have the answer.
    expect(behind({ users, web: { cache: { hitRate: 0.1 } } })).toBeUndefined();
    expect(behind({ users, call: { times: 0.9 } })).toBeUndefined();
    expect(behind({ users, web: { failures: 0.1 } })?.value).toBeGreaterThan(3.5);
    const stock = { serviceTime: { mixture: [{ weight: 9, time: '80ms' }, { time: '1s' }] } };
    expect(behind({ stock })?.value).toBeGreaterThan(3);
    expect(behind({ stock, users })?.value).toBe(2);
    // What fails every time never makes the call.
    expect(behind({ stock, users, web: { failures: 0.5 } })?.value).toBeCloseTo(1.2, 9);
    expect(behind({ ...after({}, { serviceTime: 0 }), stock, users })?.value).toBeCloseTo(1.68, 9);
    // The quicker of two attempts may take hardly any time, and the other call's slow ones are given up.
    const other = { ...stock, workers: 100 };
    const calls = [{ to: 'stock', idempotent: true }, { to: 'other' }];
    const layers = [layer({ kind: 'grpc', maxAttempts: 2, hedges: true })];
    expect(behind({ users, web: { calls }, services: { other }, layers })?.value).toBe(2);
    // Its own work is done to its end, whoever gives up.
    const own = { serviceTime: { mixture: [{ time: '20ms' }, { time: '100ms' }] } };
    expect(behind({ stock, users, web: own })?.value).toBeCloseTo(2.8, 9);
    const queue = { abandoned: 'cancelled' };
    expect(behind({ stock, users, web: { ...own, queue } })?.value).toBe(2);
    // Users that try again send what they caused anew, too.
    const once = { policy: { retry: false }, stock: { ...stock, queue } };
    expect(share(once)).toBeGreaterThan(2.5);
    expect(share({ ...once, users })).toBe(1.6);
  });

  test('of times that grow with the load those that let most through', () => {
    const loaded = { loaded: '100ms', slope: 0.5 };
    // Five at once take 300 ms each.
    expect(share({ stock: { serviceTime: loaded, workers: 5 } })).toBeCloseTo(1.2, 9);
    const finding = at('stock', {
      stock: { ...slow, serviceTime: { ...loaded, slope: 4 }, workers: 5 },
    });
    expect(finding?.value).toBe(2);
    // More workers are of no use.
    expect(finding?.fix).toMatch(/^Have `replicas: 2` at least/);
  });
});

describe('where answers are good without some of the calls', () => {
  test('it is a warning if the others fit', () => {
    const optional = { call: { optional: true } };
    expect(at('stock', { ...optional, stock: slow })).toMatchObject({
      severity: 'warning',
      value: 2,
    });
    expect(at('stock', { policy: { fallback: { value: 1 } }, stock: slow })?.severity).toBe(
      'warning',
    );
    expect(at('stock', { web: mixed(9), stock: slow })?.severity).toBe('warning');
    expect(at('stock', { web: mixed(11), stock: slow })?.severity).toBe('error');
    expect(at('stock', { web: mixed(9), stock: slow })?.fix).toContain('`criticality: sheddable`');
  });

  test('it is none if it refuses those by itself', () => {
    expect(at('stock', sorted('priority', 'sheddable'))).toBeUndefined();
    expect(at('stock', sorted('priority', 'critical'))?.severity).toBe('warning');
    expect(at('stock', sorted('fifo', 'sheddable'))?.severity).toBe('warning');
    expect(at('stock', sorted('priority', 'sheddable', 11))?.severity).toBe('error');
  });
});
