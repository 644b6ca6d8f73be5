/** What follows from the lab's defaults for `workers` and `serviceTime` alone is only to know. */
import { describe, expect, test } from 'vitest';

import { type Case, type Json, placeOf, pooled, rule } from '../../../test/cases.ts';
import { fleetOf } from '../../spec/fleet.ts';
import { audit } from '../audit.ts';
import type { Finding } from '../finding.ts';

/** Half as much again as ten workers of 10 ms can serve. */
const busy = (stock: Json, web: Json = {}): Case => ({
  stock,
  web: { workers: 1000, ...web },
  users: { rate: 1500 },
});
const load = (given: Case): Finding | undefined => rule('load-exceeds-capacity', given);

const hasty = (stock: Json): Case => ({ policy: { timeout: '10ms', retry: false }, stock });
const floors = (stock: Json): Case => ({
  web: { replicas: 1000 },
  policy: { retry: { budget: { floorPerSecond: 2 } } },
  stock,
});
const narrow = (stock: Json): Case => ({
  policy: { bulkhead: { maxConcurrent: 1 } },
  users: { rate: 150 },
  stock,
});
const queued = (stock: Json): Case => ({ stock: { queue: { max: 1001 }, ...stock } });
const inTurn = (stock: Json): Case => ({
  web: { serviceTime: '5ms', calls: [{ to: 'stock' }, { to: 'stock' }] },
  users: { patience: '20ms' },
  stock,
});

const wide = (maxConcurrent: number): Case => ({ policy: { bulkhead: { maxConcurrent } } });

describe('load-exceeds-capacity', () => {
  test('tells what is overloaded by the defaults alone, and which they are', () => {
    expect(load(busy({ external: true }))).toMatchObject({
      severity: 'info',
      at: 'stock',
      message:
        "stock is asked for 1500 requests a second, even if nobody retries, but can serve at most 1000: 10 workers, and a request takes one for at least 10ms; this is by the lab's default for `workers` and `serviceTime` of stock, which nobody states",
      fix: 'State `workers` and `serviceTime` of stock. If the default is right: Have its owners give it `replicas: 2`, or `workers: 15` at least, and some more for busy minutes; or turn 33.3 % of the requests away before they come here.',
    });
    const { message, severity } = load(busy({ serviceTime: '10ms' })) ?? {};
    expect(severity).toBe('info');
    expect(message).toMatch(/; this is by the lab's default for `workers` of stock, which/);
    expect(load(busy({ workers: 10 }))?.message).toMatch(/default for `serviceTime` of stock, /);
  });

  test('is an error where stated numbers are enough for it', () => {
    expect(load(busy({ workers: 10, serviceTime: '10ms' }))?.severity).toBe('error');
    // Its own 10 ms are enough, whatever stock takes.
    expect(load(busy({ workers: 1000 }, { workers: 10, serviceTime: '10ms' }))).toMatchObject({
      severity: 'error',
      at: 'web',
    });
    // Five of ten milliseconds are stock's.
    const half = busy({ workers: 1000 }, { workers: 10, serviceTime: '5ms' });
    expect(load(half)).toMatchObject({ severity: 'info', at: 'web' });
    expect(load(half)?.message).toMatch(/default for `serviceTime` of stock, which nobody states$/);
  });

  test('names whose default it is, however far away', () => {
    const web = { workers: 10, serviceTime: '4ms', calls: [{ to: 'list' }, { to: 'stock' }] };
    const stated = { workers: 1000, serviceTime: '1ms' };
    const far = busy({ ...stated, calls: [{ to: 'east' }] }, web);
    const services = { list: stated, east: { workers: 1000 } };
    expect(load({ ...far, services })?.message).toMatch(/default for `serviceTime` of east, which/);
  });

  test('takes no number of workers for certain, however much they slow each other down', () => {
    const serviceTime = { loaded: '10ms', slope: 1 };
    expect(load(busy({ serviceTime }))?.severity).toBe('info');
  });
});

test('a finding that is less serious by stated numbers alone is as serious as by these', () => {
  // All calls are too many in any case; those that are needed only if east takes its time.
  const given = busy(
    { workers: 10, serviceTime: '10ms', calls: [{ to: 'east', policy: 'none' }] },
    { calls: [{ to: 'stock' }, { to: 'stock', optional: true }] },
  );
  const fleet = { ...given, services: { east: { workers: 100 } }, users: { rate: 600 } };
  expect(load(fleet)?.severity).toBe('warning');
  const east = { workers: 100, serviceTime: '10ms' };
  expect(load({ ...fleet, services: { east } })?.severity).toBe('error');
});

test('what follows from rates alone is certain, though a closed loop would send more to quick answers', () => {
  const rare = rule('breaker-never-opens', {
    policy: { breaker: { minimumCalls: 60, window: '1s' } },
    users: { rate: undefined, clients: 1, think: 0 },
  });
  expect(rare?.severity).toBe('warning');
  expect(rare?.message).not.toContain('default');
});

describe('the other rules that count with capacities', () => {
  test.each([
    ['timeout-too-short', 'error', hasty],
    ['sequence-does-not-fit', 'error', inTurn],
    ['budget-floors-add-up', 'warning', floors],
    ['bulkhead-by-littles-law', 'warning', narrow],
    ['queue-outlives-deadline', 'warning', queued],
  ] as const)('%s tells it', (id, severity, given) => {
    const assumed = rule(id, given({}));
    expect(assumed?.severity).toBe('info');
    expect(assumed?.message).toMatch(/; this is by the lab's default for .* of stock, which/);
    const stated = rule(id, given({ workers: 10, serviceTime: '10ms' }));
    expect(stated?.severity).toBe(severity);
    expect(stated?.message).not.toContain('default');
  });

  test('a queue without a bound needs no number to be found', () => {
    const unbounded = rule('queue-outlives-deadline', { stock: { queue: { max: 'unbounded' } } });
    expect(unbounded).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/without a bound$/) as string,
    });
    const instant = { queue: { max: 'unbounded' }, serviceTime: 0 };
    expect(rule('queue-outlives-deadline', { stock: instant })).toBeUndefined();
  });

  test('no bulkhead is too large for calls that may take all the time that they have', () => {
    const id = 'bulkhead-by-littles-law';
    expect(rule(id, wide(2000))).toBeUndefined();
    expect(rule(id, wide(2001))?.severity).toBe('warning');
    expect(rule(id, { ...wide(101), stock: { serviceTime: '10ms' } })?.severity).toBe('warning');
  });
});

describe('a closed loop, which sends less the longer its answers take', () => {
  const clients = { rate: undefined, clients: 100, think: 0 };
  const stock = { serviceTime: '50ms', workers: 20 };

  test('is named by the time that it waits for, if that alone makes the difference', () => {
    // Five are in flight; if web took no time it would be ten.
    const { severity, message, fix } =
      rule('bulkhead-by-littles-law', {
        ...wide(600),
        stock: { serviceTime: '10ms' },
        users: { ...clients, clients: 10 },
      }) ?? {};
    expect(severity).toBe('info');
    expect(message).toMatch(/; this is by the lab's default for `serviceTime` of web, which/);
    expect(fix).toMatch(/^State `serviceTime` of web\. If the default is right: Set /);
  });

  test('counts wherever it takes a callee away from others', () => {
    const services = {
      front: { calls: [{ to: 'stock', policy: 'none' }] },
      apart: {},
      steady: { calls: [{ to: 'stock', policy: 'none' }] },
      web: { serviceTime: '1ms', calls: [{ to: 'stock', policy: 'none' }] },
      stock,
    };
    const fleet = fleetOf({
      name: 'two',
      services,
      users: {
        shoppers: { to: 'web', rate: 200 },
        crowd: { to: 'front', clients: 50, think: 0 },
        more: { to: 'front', clients: 50, think: 0 },
        few: { to: 'steady', rate: 1 },
        others: { to: 'apart', clients: 100, think: 0 },
      },
    });
    const one = audit(fleet, { layers: [pooled(2)], placeOf }).findings.find(
      (finding) => finding.rule === 'pool-by-littles-law',
    );
    expect(one?.severity).toBe('info');
    expect(one?.message).toMatch(/default for `serviceTime` of front, which nobody states$/);
  });
});
