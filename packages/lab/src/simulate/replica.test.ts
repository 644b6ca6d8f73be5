import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  fixed,
  poisson,
  run,
  service,
  type Setting,
  trace,
  users,
} from '../../test/worlds.ts';

/** One service `web` that is asked at these moments. */
const web = (parts: Parameters<typeof service>[1], ...at: number[]): Setting => ({
  services: [service('web', parts)],
  users: [users('web', trace(...at))],
});

const cached = (keys: number, ttl: number): Setting => ({
  services: [
    service('web', {
      workers: 100,
      stages: [[edge('web', 'db')]],
      cache: { hitRate: 0.8, keys, ttl },
    }),
    service('db', { workers: 100 }),
  ],
  users: [users('web', poisson(500))],
  duration: 20_000,
});

describe('a server', () => {
  test('works on one request after the other, each worker on one', () => {
    const told = run(web({ workers: 2, serviceTime: fixed(10) }, 0, 0, 0, 5));
    expect(told.times('requestServed', 'web')).toEqual([10, 10, 20, 20]);
    expect(told.of('userAnswered').map(([now, since, good]) => [now, since, good])).toEqual([
      [10, 0, true],
      [10, 0, true],
      [20, 0, true],
      [20, 5, true],
    ]);
    const waiting = told.of('loadChanged', 'web').map(([, count]) => count);
    expect(Math.max(...(waiting as number[]))).toBe(2);
    expect(told.of('loadChanged', 'web').at(-1)).toEqual([20, 0, 0]);
  });

  test('tells how long it worked on each', () => {
    const told = run(web({ serviceTime: fixed(10) }, 0, 0));
    expect(told.of('requestServed', 'web')).toEqual([
      [10, 10, false, 'none'],
      [20, 10, false, 'none'],
    ]);
  });

  test.each([
    ['fifo', ['a', 'b', 'c', 'd']],
    ['lifo', ['a', 'd', 'c', 'b']],
    ['priority', ['a', 'd', 'b', 'c']],
  ] as const)('serves its queue %s', (order, expected) => {
    const at = { a: 0, b: 1, c: 2, d: 3 };
    const rank = { a: 'critical', b: 'critical', c: 'sheddable', d: 'critical_plus' } as const;
    const names = Object.keys(at) as (keyof typeof at)[];
    const told = run({
      services: [service('web', { queue: { order } })],
      users: names.map((name) => users('web', trace(at[name]), { criticality: rank[name] }, name)),
    });
    const answered = told.told.filter(([method]) => method === 'userAnswered');
    expect(answered.map(([, name]) => name)).toEqual(expected);
  });

  test('rejects what its queue has no place for, as overload', () => {
    const told = run(web({ queue: { max: 1 } }, 0, 1, 2, 15));
    expect(told.times('requestRejected', 'web')).toEqual([2]);
    expect(told.of('attemptEnded').map(([now, , verdict]) => [now, verdict])).toEqual([
      [2, 'overload'],
      [10, 'success'],
      [20, 'success'],
      [30, 'success'],
    ]);
  });

  test('gives the last place of a lesser request in its full queue to one that matters more', () => {
    const told = run({
      services: [service('web', { queue: { max: 2, order: 'priority' } })],
      users: [
        users('web', trace(0, 1), {}, 'plain'),
        users('web', trace(2, 4), { criticality: 'sheddable' }, 'lesser'),
        users('web', trace(3), { criticality: 'critical_plus' }, 'greater'),
      ],
    });
    expect(told.of('userAnswered', 'lesser')).toEqual([
      [3, 2, false],
      [4, 4, false],
    ]);
    const shed = told.of('requestRejected').map(([, criticality]) => criticality);
    expect(shed).toEqual(['sheddable', 'sheddable']);
    expect(told.times('userAnswered', 'greater')).toEqual([20]);
    expect(told.times('userAnswered', 'plain')).toEqual([10, 30]);
  });

  test('works in vain on what its caller has given up, and says so', () => {
    const impatient = { options: { ...BARE, timeout: 15 } };
    const told = run({
      services: [service('web')],
      users: [users('web', trace(0, 0), impatient)],
    });
    expect(told.of('requestServed', 'web').map(([now, , wasted]) => [now, wasted])).toEqual([
      [10, false],
      [20, true],
    ]);
    expect(told.of('attemptEnded').map(([now, took, verdict]) => [now, took, verdict])).toEqual([
      [10, 10, 'success'],
      [15, 15, 'timeout'],
    ]);
    expect(told.of('userAnswered').map(([, , good]) => good)).toEqual([true, false]);
  });

  test('drops what its caller has given up, waiting or worked on, if it cancels', () => {
    const told = run({
      services: [service('web', { queue: { abandoned: 'cancelled' } })],
      users: [
        users('web', trace(0), { options: { ...BARE, timeout: 4 } }, 'worked on'),
        users('web', trace(1), { options: { ...BARE, timeout: 2 } }, 'waiting'),
        users('web', trace(2), {}, 'patient'),
      ],
    });
    expect(told.times('requestRejected', 'web')).toEqual([3, 4]);
    // What it was worked on for nobody is wasted.
    expect(told.of('requestRejected', 'web').map(([, , wasted]) => wasted)).toEqual([0, 4]);
    expect(told.times('requestServed', 'web')).toEqual([14]);
    expect(told.of('loadChanged', 'web').at(-1)).toEqual([14, 0, 0]);
  });

  test('ends its calls with the request that it cancels', () => {
    const told = run({
      services: [
        service('web', { queue: { abandoned: 'cancelled' }, stages: [[edge('web', 'db')]] }),
        service('db', { serviceTime: fixed(100), queue: { abandoned: 'cancelled' } }),
      ],
      users: [users('web', trace(0), { options: { ...BARE, timeout: 50 } })],
    });
    expect(told.of('callEnded', 'web > db')).toEqual([[50, 10, false, 1]]);
    expect(told.times('requestRejected', 'db')).toEqual([50]);
  });

  test('gives a place in a bulkhead back that lasts until the operation is over', () => {
    const bulkhead = { maxConcurrent: 2, releaseOn: 'settle' } as const;
    const own = { options: { ...BARE, timeout: 20, bulkhead } };
    const told = run({
      services: [service('web', { serviceTime: fixed(30), queue: { abandoned: 'cancelled' } })],
      // One is worked on, one waits; two are held by the network until nobody waits for them; two hang.
      users: [users('web', trace(0, 1, 100, 101, 200, 201, 300), own)],
      faults: [
        { kind: 'hold', on: 'web', from: 90, to: 150 },
        { kind: 'outage', how: 'hang', on: 'web', from: 190, to: 250 },
      ],
    });
    expect(told.times('attemptStarted')).toEqual([0, 1, 100, 101, 200, 201, 300]);
  });

  test('drops at its turn what is too late, if it checks deadlines', () => {
    const at = { options: { ...BARE, deadline: 15 } };
    const setting = (checksDeadline: boolean): Setting => ({
      services: [service('web', { queue: { checksDeadline } })],
      users: [users('web', trace(0, 0, 0, 0), at)],
    });
    // The second has 5 ms left when its turn comes, and serving usually takes 10.
    expect(run(setting(true)).times('requestServed')).toEqual([10]);
    expect(run(setting(true)).times('requestRejected')).toEqual([10, 10, 10]);
    expect(run(setting(false)).count('requestServed')).toBe(4);
  });

  test('takes an attempt for too late when its own timeout is, without any deadline', () => {
    const at = { options: { ...BARE, timeout: 15 } };
    const told = run({
      services: [service('web', { queue: { checksDeadline: true } })],
      users: [users('web', trace(0, 0, 0, 0), at)],
    });
    expect(told.times('requestServed')).toEqual([10]);
  });

  test('serves who finds a worker free, though it was slow: else it would never know better', () => {
    const slow = { kind: 'latency', on: 'web', from: 0, to: 50, times: 10, plus: null } as const;
    const told = run({
      services: [service('web', { queue: { checksDeadline: true } })],
      users: [users('web', trace(0, 200, 200), { options: { ...BARE, timeout: 80 } })],
      faults: [slow],
    });
    // The first took 100 ms. So the last, for whom 70 are left when its turn comes, is too late.
    expect(told.times('requestServed')).toEqual([100, 210]);
  });

  test('fails the share of requests that it is said to', () => {
    const told = run({
      ...web({ failures: 0.25, workers: 100, serviceTime: fixed(1) }),
      users: [users('web', poisson(1000))],
      duration: 20_000,
    });
    const verdicts = told.of('attemptEnded').map(([, , verdict]) => verdict);
    const failed = verdicts.filter((verdict) => verdict === 'transient').length;
    expect(Math.abs(failed / verdicts.length - 0.25)).toBeLessThan(0.0125);
  });

  test('spreads requests over its replicas as it is told to', () => {
    for (const balancing of ['round-robin', 'least-busy'] as const) {
      const told = run(web({ replicas: 2, balancing }, 0, 0, 3, 3));
      expect(told.times('requestServed')).toEqual([10, 10, 20, 20]);
    }
    // Four at once for four places: at random, (3/4)^4 of the places stay empty.
    const fours = Array.from({ length: 4000 }, (_, i) => 20 * Math.floor(i / 4));
    const inFours = (balancing: 'random' | 'round-robin') =>
      run(web({ replicas: 4, queue: { max: 0 }, balancing }, ...fours)).count('requestServed');
    expect(inFours('round-robin')).toBe(4000);
    expect(Math.abs(inFours('random') / 4000 - (1 - 0.75 ** 4))).toBeLessThan(0.03);
  });

  test('answers from its cache once that is filled, and calls nobody then', () => {
    const told = run(cached(10, Infinity));
    const missed = (told.count('requestArrived', 'db') - 10) / told.count('requestArrived', 'web');
    expect(Math.abs(missed - 0.2)).toBeLessThan(0.02);
    // 40 requests a second for each key, each entry lives 100 ms: about 4 hits to a miss and its wait.
    const short = run(cached(10, 100));
    const alive = short.count('requestArrived', 'db') / short.count('requestArrived', 'web');
    expect(alive).toBeGreaterThan(0.32);
    expect(alive).toBeLessThan(0.45);
  });

  test('keeps an answer for as long as its cache says, however often it is asked for', () => {
    const told = run({
      services: [
        service('web', { stages: [[edge('web', 'db')]], cache: { hitRate: 1, keys: 1, ttl: 100 } }),
        service('db'),
      ],
      users: [users('web', trace(0, 50, 100, 150))],
    });
    expect(told.times('requestArrived', 'db')).toEqual([10, 160]);
  });
});
