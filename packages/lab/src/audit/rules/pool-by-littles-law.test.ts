/** What is in flight against what a sidecar lets through. */
import { describe, expect, test } from 'vitest';

import { type Case, type Json, layer, placeOf, pool, pooled, rule } from '../../../test/cases.ts';
import type { Finding } from '../finding.ts';
import type { Layer, Pool } from '../layers.ts';

/** Ten in flight from each of two replicas, which stock can serve. */
const busy = (layers: readonly Layer[], given: Case = {}): Case => ({
  stock: { serviceTime: '50ms', workers: 50 },
  users: { rate: 400 },
  layers,
  ...given,
  web: { replicas: 2, workers: 50, serviceTime: '1ms', ...given.web },
});
const find = (given: Case): Finding | undefined => rule('pool-by-littles-law', given);
const through = (...pools: readonly Partial<Pool>[]): readonly Layer[] => [
  layer({ pools: pools.map(pool) }),
];
const limit = (most: number, ...path: readonly string[]): Pool['requests'] => ({
  most,
  place: placeOf(path),
});

describe('requests at once', () => {
  test('are too few if more are in flight from one replica', () => {
    expect(find(busy(through({ requests: limit(9, 'http2MaxRequests') })))).toEqual({
      rule: 'pool-by-littles-law',
      severity: 'warning',
      message:
        'web > stock: each replica makes 200 calls a second that take 50ms each, so 10 are in flight at once, but its sidecar lets only 9 through: http2MaxRequests is 9, and the others are refused with 503 (UO)',
      why: expect.stringContaining('although the callee could serve them') as string,
      fix: 'In the DestinationRule of stock, set `http.http2MaxRequests: 20`; or add replicas of web.',
      at: 'web > stock',
      place: placeOf(['http2MaxRequests']),
      value: 10,
      accepted: null,
    });
    expect(find(busy([pooled(10)]))).toBeUndefined();
    expect(find(busy([pooled(9)], { web: { replicas: 3 } }))).toBeUndefined();
  });

  test('are those of all calls to the callee, whatever their policies', () => {
    const calls = [{ to: 'stock', policy: { timeout: '2s' } }, { to: 'stock' }];
    const twice = (most: number): Finding | undefined =>
      find(busy([pooled(most)], { web: { calls } }));
    expect(twice(19)).toMatchObject({ value: 20, at: 'web > stock' });
    expect(twice(20)).toBeUndefined();
  });

  test('are those of each call with its own time', () => {
    const calls = [{ to: 'stock', policy: { timeout: '20ms' } }, { to: 'stock' }];
    expect(find(busy([pooled(13)], { web: { calls } }))?.value).toBeCloseTo(14);
    expect(find(busy([pooled(14)], { web: { calls } }))).toBeUndefined();
  });

  test('are to be twice as many, rounded up', () => {
    expect(find(busy([pooled(9)], { users: { rate: 408 } }))?.fix).toContain('Requests: 21`');
  });

  test('of a time that nobody states are only to know', () => {
    const unstated = find(busy([pooled(1)], { stock: {} }));
    expect(unstated?.severity).toBe('info');
    expect(unstated?.message).toMatch(/default for `serviceTime` of stock, which nobody states$/);
  });
});

describe('connections', () => {
  const few = { connections: limit(1, 'maxConnections'), streams: 1, pending: 5 };

  test('bound requests where each has a number of its own, beside those that a host always has', () => {
    expect(find(busy(through(few)))).toMatchObject({
      message:
        'web > stock: each replica makes 200 calls a second that take 50ms each, so 10 are in flight at once, but its sidecar lets only 3 through: maxConnections is 1, a connection has at most one request, 2 more are there for 2 threads and each replica, and the others are refused with 503 (UO) once http1MaxPendingRequests (5) are waiting',
      fix: 'In the DestinationRule of stock, set `tcp.maxConnections: 20`; or add replicas of web.',
      place: placeOf(['maxConnections']),
    });
    expect(find(busy(through({ ...few, connections: limit(8) })))).toBeUndefined();
    const both: Json = { serviceTime: '50ms', workers: 50, replicas: 2 };
    expect(find(busy(through(few), { stock: both }))?.message).toContain(
      'lets only 5 through: maxConnections is 1, a connection has at most one request, 4 more',
    );
    const wide: Json = { serviceTime: '50ms', workers: 50, replicas: 5 };
    expect(find(busy(through(few), { stock: wide }))).toBeUndefined();
    const { message, fix } = find(busy(through({ ...few, streams: 3 }))) ?? {};
    expect(message).toContain(
      'lets only 9 through: maxConnections is 1, a connection has at most 3',
    );
    expect(fix).toContain('`tcp.maxConnections: 7`;');
  });

  test('bound nothing where one may have any number of requests, as over HTTP/2', () => {
    expect(find(busy(through({ ...few, streams: Infinity })))).toBeUndefined();
  });

  test('let the others wait where nobody bounds how many do', () => {
    const message = find(busy(through({ ...few, pending: Infinity })))?.message;
    expect(message).toMatch(/, and the others wait there, ever longer$/);
  });

  test('are changed together with the requests at once where both are too few', () => {
    const both = through({ ...few, requests: limit(2) });
    expect(find(busy(both))?.fix).toContain(
      '`tcp.maxConnections: 20` and `http.http2MaxRequests: 20`',
    );
  });

  test.each([
    { requests: 9, connections: 20, streams: 1, changed: '`http.http2MaxRequests: 20`' },
    { requests: 9, connections: 7, streams: 3, changed: '`http.http2MaxRequests: 20`' },
    { requests: 20, connections: 1, streams: 1, changed: '`tcp.maxConnections: 20`' },
  ])('are changed alone where the others are enough: $changed (%#)', (one) => {
    const { requests, connections, streams, changed } = one;
    const pools = { requests: limit(requests), connections: limit(connections), streams };
    expect(find(busy(through(pools)))?.fix).toContain(`, set ${changed};`);
  });

  test('that let as few through as the requests at once are not spoken of', () => {
    const same = through({ ...few, requests: limit(3) });
    expect(find(busy(same))?.message).toContain('only 3 through: http2MaxRequests is 3, and the');
  });
});

const several = (...most: readonly number[]): Finding | undefined =>
  find(busy(through(...most.map((one) => ({ requests: limit(one) })))));

test('several pools count together, for requests may go through any', () => {
  expect(several(6, 3)).toMatchObject({
    message: expect.stringContaining(
      'but the 2 connection pools of its sidecar let only 9 through: of the narrowest, http2MaxRequests is 3',
    ) as string,
    fix: 'In the DestinationRules of stock, and of other hosts that its routes lead to, set `http.http2MaxRequests: 20` for each subset and port; or add replicas of web.',
  });
  expect(several(6, 4)).toBeUndefined();
  expect(several(1, Infinity)).toBeUndefined();
});

/** A call of stock that may be under way so often. */
const slots = (maxConcurrent: number): Json => ({
  to: 'stock',
  policy: { bulkhead: { maxConcurrent } },
});
const calling = (most: number, ...calls: readonly Json[]): Finding | undefined =>
  find(busy([pooled(most)], { web: { calls } }));

describe('it is quiet', () => {
  test('on what the library itself keeps back', () => {
    const policy = { bulkhead: { maxConcurrent: 5 } };
    expect(find(busy([pooled(5)], { policy }))).toBeUndefined();
    expect(find(busy([pooled(4)], { policy }))?.value).toBe(10);
    expect(find(busy([pooled(4)], { policy: { bulkhead: false } }))?.value).toBe(10);
  });

  test('on what several of its bulkheads keep back together, each counted once', () => {
    expect(calling(9, slots(4), slots(5))).toBeUndefined();
    expect(calling(8, slots(4), slots(5))?.value).toBe(20);
    expect(calling(5, slots(5), slots(5))).toBeUndefined();
    expect(calling(4, slots(5), slots(5))?.value).toBe(20);
  });

  test('on what the callee could not serve', () => {
    // A fifth of it, so that two in flight from each replica are enough.
    const stock = { serviceTime: '50ms', workers: 4 };
    expect(find(busy([pooled(2)], { stock }))).toBeUndefined();
    expect(find(busy([pooled(1)], { stock }))?.value).toBe(10);
  });

  test('on what nobody calls, users call, or takes no time', () => {
    expect(find(busy([pooled(1)], { users: { rate: 0 } }))).toBeUndefined();
    expect(find(busy([pooled(1)], { stock: { serviceTime: 0 } }))).toBeUndefined();
    const gateway = layer({ from: 'shoppers', to: 'web', pools: pooled(1).pools });
    expect(find(busy([gateway], { web: { serviceTime: '50ms' } }))).toBeUndefined();
  });
});
