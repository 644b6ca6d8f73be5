import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  fixed,
  poisson,
  Recorder,
  run,
  service,
  type Setting,
  trace,
  users,
  worldOf,
} from '../../test/worlds.ts';

/** One service `web` that is asked at these moments. */
const web = (parts: Parameters<typeof service>[1], ...at: number[]): Setting => ({
  services: [service('web', parts)],
  users: [users('web', trace(...at))],
});

const shared = (balancing: 'random' | 'round-robin' | 'least-busy') =>
  run(web({ replicas: 2, balancing }, 0, 0, 3, 3)).times('requestServed');

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
      [10, 10, false, false],
      [20, 10, false, false],
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
    expect(told.of('callEnded', 'web > db')).toEqual([[50, 40, false, 1]]);
    expect(told.times('requestRejected', 'db')).toEqual([50]);
  });

  test('drops at its turn what is too late, if it checks deadlines', () => {
    const at = { options: { ...BARE, deadline: 15 } };
    const setting = (checksDeadline: boolean): Setting => ({
      services: [service('web', { queue: { checksDeadline } })],
      users: [users('web', trace(0, 0, 0, 0), at)],
    });
    expect(run(setting(true)).count('requestServed')).toBe(2);
    expect(run(setting(true)).times('requestRejected')).toEqual([20, 20]);
    expect(run(setting(false)).count('requestServed')).toBe(4);
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
    expect(shared('round-robin')).toEqual([10, 10, 20, 20]);
    expect(shared('least-busy')).toEqual([10, 10, 20, 20]);
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
});

const fanOut = (optional: boolean): Setting => ({
  services: [
    service('web', {
      stages: [[edge('web', 'bad', { optional }), edge('web', 'slow')], [edge('web', 'slow')]],
    }),
    service('bad', { failures: 1, serviceTime: fixed(1) }),
    service('slow', { serviceTime: fixed(50) }),
  ],
  users: [users('web', trace(0))],
});

describe('a request', () => {
  test('makes its calls stage after stage, those of one at once, and holds its worker', () => {
    const told = run({
      services: [
        service('web', {
          stages: [[edge('web', 'a'), edge('web', 'b', { times: 2 })], [edge('web', 'c')]],
        }),
        service('a', { serviceTime: fixed(5) }),
        service('b', { serviceTime: fixed(20), workers: 2 }),
        service('c', { serviceTime: fixed(1) }),
      ],
      users: [users('web', trace(0, 0))],
    });
    expect(told.times('callStarted', 'web > a')).toEqual([10, 41]);
    expect(told.times('callStarted', 'web > b')).toEqual([10, 10, 41, 41]);
    expect(told.times('callStarted', 'web > c')).toEqual([30, 61]);
    expect(told.times('requestServed', 'web')).toEqual([31, 62]);
  });

  test('fails with a required call, at once, and not with an optional one', () => {
    const failed = run(fanOut(false));
    expect(failed.of('userAnswered')).toEqual([[11, 0, false]]);
    expect(failed.count('callStarted', 'web > slow')).toBe(1);
    expect(run(fanOut(true)).of('userAnswered')).toEqual([[110, 0, true]]);
  });

  test('calls as often as its edge says, a fraction by chance', () => {
    const told = run({
      services: [
        service('web', { workers: 100, stages: [[edge('web', 'db', { times: 1.25 })]] }),
        service('db', { workers: 100 }),
      ],
      users: [users('web', poisson(500))],
      duration: 20_000,
    });
    const ratio = told.count('requestArrived', 'db') / told.count('requestServed', 'web');
    expect(Math.abs(ratio - 1.25)).toBeLessThan(0.0175);
  });

  test('hands on what is left of its deadline, less a reserve', () => {
    const told = run({
      services: [
        service('web', { serviceTime: fixed(100), stages: [[edge('web', 'db', rest(5000))]] }),
        service('db', { serviceTime: fixed(10_000) }),
      ],
      users: [users('web', trace(0), rest(1100))],
    });
    // 1000 ms are left at 100 ms, and 5 % of that is kept.
    expect(told.of('callEnded', 'web > db')).toEqual([[1050, 950, false, 1]]);
    expect(told.of('userAnswered')[0]![2]).toBe(false);
  });

  test('does not lend a callee more than that may take by itself', () => {
    const told = run({
      services: [
        service('web', { serviceTime: fixed(100), stages: [[edge('web', 'db', rest(300))]] }),
        service('db', { serviceTime: fixed(10_000) }),
      ],
      users: [users('web', trace(0), rest(5000))],
    });
    expect(told.of('callEnded', 'web > db')).toEqual([[400, 300, false, 1]]);
  });

  test('hands on how important it is, unless the call matters even less', () => {
    const told = run({
      services: [
        service('web', {
          workers: 3,
          serviceTime: fixed(1),
          stages: [[edge('web', 'db', { criticality: 'sheddable_plus' })]],
        }),
        service('db', { queue: { order: 'priority' } }),
      ],
      users: [
        users('web', trace(0), {}, 'first'),
        users('web', trace(1), { criticality: 'sheddable' }, 'lesser'),
        users('web', trace(2), { criticality: 'critical_plus' }, 'greater'),
      ],
    });
    expect(told.times('userAnswered', 'greater')).toEqual([21]);
    expect(told.times('userAnswered', 'lesser')).toEqual([31]);
  });
});

const rest = (deadline: number) => ({ options: { ...BARE, deadline } });

const TWO = { maxAttempts: 2, budget: false, backoff: { base: 0 } } as const;

const repeated = (keyed: boolean): Setting => ({
  services: [
    service('web', {
      workers: 9,
      serviceTime: fixed(1),
      stages: [[edge('web', 'db', { keyed })]],
    }),
    service('db', { workers: 9 }),
  ],
  users: [users('web', trace(0), { keyed, options: { ...BARE, timeout: 5, retry: TWO } })],
});

const duplicates = (keyed: boolean, at: string) =>
  run(repeated(keyed))
    .of('requestServed', at)
    .map(([, , , duplicate]) => duplicate);

describe('an effect', () => {
  test('that happens again because anybody on the way has repeated is a duplicate', () => {
    // The second attempt of the users makes web ask again for what db has done.
    expect(duplicates(false, 'web')).toEqual([false, true]);
    expect(duplicates(false, 'db')).toEqual([false, true]);
  });

  test('that is keyed happens once', () => {
    expect(duplicates(true, 'web')).toEqual([false, false]);
    expect(duplicates(true, 'db')).toEqual([false, false]);
  });

  test('does not come of a failure', () => {
    const told = run({
      services: [service('web', { failures: 1 })],
      users: [users('web', trace(0), { options: { ...BARE, retry: TWO } })],
    });
    expect(told.of('requestServed').map(([, , , duplicate]) => duplicate)).toEqual([false, false]);
  });

  test('of a call’s second part is another effect', () => {
    const told = run({
      services: [
        service('web', { stages: [[edge('web', 'db', { times: 2 })], [edge('web', 'db')]] }),
        service('db'),
      ],
      users: [users('web', trace(0))],
    });
    expect(told.of('requestServed', 'db').map(([, , , duplicate]) => duplicate)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('clients', () => {
  test('are dependencies with the lane’s options over the edge’s, nested ones merged', () => {
    const setting: Setting = {
      services: [service('web', { failures: 1 })],
      users: [users('web', trace(0), { options: { ...BARE, retry: { ...TWO, maxAttempts: 5 } } })],
    };
    expect(run(setting).of('callEnded')).toEqual([[50, 50, false, 5]]);
    expect(run({ ...setting, lane: { retry: { maxAttempts: 3 } } }).of('callEnded')).toEqual([
      [30, 30, false, 3],
    ]);
    expect(run({ ...setting, lane: { retry: false } }).of('callEnded')).toEqual([
      [10, 10, false, 1],
    ]);
  });

  test('say what is wrong with a lane', () => {
    const setting = web({}, 0);
    const wrong = { ...setting, lane: { timeout: -5 } as object };
    expect(() => run(wrong)).toThrow('users > web.timeout');
  });

  test('tell whether anybody before has tried twice', () => {
    const told = run({
      services: [
        service('web', { workers: 9, serviceTime: fixed(1), stages: [[edge('web', 'db')]] }),
        service('db', { failures: 1 }),
      ],
      users: [users('web', trace(0), { options: { ...BARE, retry: TWO } })],
    });
    expect(told.of('requestArrived', 'web').map(([, first]) => first)).toEqual([true, false]);
    expect(told.of('requestArrived', 'db').map(([, first]) => first)).toEqual([true, false]);
  });

  test('are one for each replica of the caller, and have their breakers and budgets', () => {
    const recorder = new Recorder();
    const guarded = { timeout: '1s', retry: false, breaker: { minimumCalls: 5 } } as const;
    const world = worldOf(
      {
        services: [
          service('web', {
            replicas: 4,
            workers: 9,
            balancing: 'round-robin',
            stages: [[edge('web', 'db', { options: guarded })]],
          }),
          service('db', { failures: 1, serviceTime: fixed(1), workers: 100 }),
        ],
        users: [users('web', trace(...Array.from({ length: 18 }, (_, i) => i)))],
      },
      recorder.probe,
    );
    expect(world.stateOf('web > db')).toEqual({ open: 0, budget: null, inFlight: 0 });
    world.run(1000);
    // 18 requests round-robin: five failures opened the breakers of two replicas.
    expect(world.stateOf('web > db')).toEqual({ open: 0.5, budget: null, inFlight: 0 });
    expect(() => world.stateOf('web > nobody')).toThrow("no edge 'web > nobody'");
  });

  test('draw their jitter each for itself', () => {
    const options = { ...BARE, retry: { maxAttempts: 2, budget: false } } as const;
    const told = run({
      services: [
        service('web', {
          replicas: 2,
          balancing: 'round-robin',
          stages: [[edge('web', 'db', { options })]],
        }),
        service('db', { failures: 1, workers: 2 }),
      ],
      users: [users('web', trace(0, 0))],
    });
    const [, , third, fourth] = told.times('attemptStarted', 'web > db');
    expect(third).not.toBe(fourth);
  });

  test('tell of their attempts, waiting calls included, while they run', () => {
    const limited = { ...BARE, bulkhead: { maxConcurrent: 2 } };
    const world = worldOf(
      {
        services: [service('web', { serviceTime: fixed(100) })],
        users: [users('web', trace(0, 0, 0), { options: limited })],
      },
      new Recorder().probe,
    );
    world.run(50);
    expect(world.stateOf('users > web').inFlight).toBe(3);
    world.run(1000);
    expect(world.stateOf('users > web').inFlight).toBe(0);
  });

  test('refuse a call without an attempt', () => {
    const guarded = {
      ...BARE,
      breaker: { kind: 'consecutive', consecutiveFailures: 1 } as const,
    };
    const told = run({
      services: [service('web', { failures: 1 })],
      users: [users('web', trace(0, 20), { options: guarded })],
    });
    expect(told.of('callEnded')).toEqual([
      [10, 10, false, 1],
      [20, 0, false, 0],
    ]);
    expect(told.count('attemptStarted')).toBe(1);
  });
});

describe('users', () => {
  test('of a closed loop think, ask, wait, and think again', () => {
    const told = run({
      services: [service('web', { workers: 1000 })],
      users: [users('web', { kind: 'closed', clients: 1000, think: fixed(90) })],
      duration: 1000,
    });
    // Each comes every 100 ms, from some moment of the first 90 on.
    expect(told.count('userArrived')).toBe(10_000);
    expect(told.count('callStarted')).toBe(told.count('userArrived'));
    const first = told.times('userArrived').filter((at) => at < 45).length;
    expect(Math.abs(first - 500)).toBeLessThan(65);
  });

  test('who have waited too long are not content', () => {
    const told = run({
      services: [service('web', { serviceTime: fixed(3000) })],
      users: [users('web', trace(0, 0))],
    });
    expect(told.of('userAnswered')).toEqual([
      [3000, 0, true],
      [6000, 0, false],
    ]);
  });

  test('come as the scenario says, if it does', () => {
    const told = run({
      services: [service('web', { workers: 100 })],
      users: [users('web', trace(0))],
      load: new Map([['users', poisson(100)]]),
      duration: 10_000,
    });
    expect(Math.abs(told.count('userArrived') - 1000)).toBeLessThan(4 * Math.sqrt(1000));
    expect(Math.max(...told.times('userArrived'))).toBeLessThanOrEqual(10_000);
  });
});

const fleet = (seed: number, extra = false): Setting => ({
  services: [
    service('web', {
      replicas: 2,
      workers: 20,
      serviceTime: { kind: 'lognormal', mean: 5, cv: 1 },
      stages: [[edge('web', 'db', { options: {}, times: 1.5 })]],
    }),
    service('db', { workers: 4, serviceTime: { kind: 'exponential', mean: 10 }, failures: 0.1 }),
    ...(extra ? [service('other')] : []),
  ],
  users: [
    users('web', poisson(200), { options: {} }),
    ...(extra ? [users('other', poisson(50), {}, 'others')] : []),
  ],
  faults: [{ kind: 'latency', on: 'db', from: 2000, to: 4000, times: 5, plus: null }],
  duration: 8000,
  seed,
});

describe('a run', () => {
  test('with the same seed tells the same, with another one something else', () => {
    const { told } = run(fleet(1));
    expect(told.length).toBeGreaterThan(10_000);
    expect(run(fleet(1)).told).toEqual(told);
    expect(run(fleet(2)).told).not.toEqual(told);
  });

  test('can be continued in any steps', () => {
    const recorder = new Recorder();
    const world = worldOf(fleet(1), recorder.probe);
    for (let until = 0; until <= 8000; until += 37) world.run(until);
    world.run(8000);
    expect(recorder.told).toEqual(run(fleet(1)).told);
    expect(world.now).toBe(8000);
    expect(world.events).toBeGreaterThan(5000);
  });

  test('is the same in one part, whatever is added in another', () => {
    const others = new Set(['other', 'others', 'others > other']);
    const both = run(fleet(1, true)).told.filter(([, subject]) => !others.has(String(subject)));
    expect(both).toEqual(run(fleet(1)).told);
  });
});

/** Means over time and requests, from what a probe is told after a warm-up. */
function queueFigures(told: Recorder, from: number, to: number) {
  let area = 0;
  let last = from;
  let present = 0;
  for (const [now, waiting, busy] of told.of('loadChanged', 'web') as number[][]) {
    if (now! > from) {
      area += present * (now! - last);
      last = now!;
    }
    present = waiting! + busy!;
  }
  area += present * (to - last);
  const answered = (told.of('userAnswered') as number[][]).filter(([, since]) => since! > from);
  const time = answered.reduce((sum, [now, since]) => sum + now! - since!, 0);
  const arrivals = told.times('userArrived').filter((at) => at > from).length;
  return {
    l: area / (to - from),
    lambda: arrivals / (to - from),
    w: time / answered.length,
  };
}

describe('theory', () => {
  test('Little’s law holds, and an M/M/1 queue takes 1 / (mu - lambda)', () => {
    const duration = 2_000_000;
    const told = run({
      services: [service('web', { serviceTime: { kind: 'exponential', mean: 10 } })],
      users: [users('web', poisson(50))],
      duration,
    });
    const { l, lambda, w } = queueFigures(told, 20_000, duration);
    expect(Math.abs(l / (lambda * w) - 1)).toBeLessThan(0.01);
    expect(Math.abs(w / 20 - 1)).toBeLessThan(0.05);
  });

  test('three layers of four attempts send (1 - p^64) / (1 - p) requests to what fails', () => {
    const four = {
      options: {
        ...BARE,
        retry: { maxAttempts: 4, budget: false, backoff: { base: 0 } },
      } as const,
    };
    const layer = (name: string, next: string) =>
      service(name, { workers: 1e6, serviceTime: fixed(0), stages: [[edge(name, next, four)]] });
    const told = run({
      services: [
        layer('a', 'b'),
        layer('b', 'leaf'),
        service('leaf', { workers: 1e6, failures: 0.9, serviceTime: fixed(1) }),
      ],
      users: [users('a', poisson(50), four)],
    });
    const sent = told.count('requestArrived', 'leaf') / told.count('userArrived');
    expect(Math.abs(sent / ((1 - 0.9 ** 64) / 0.1) - 1)).toBeLessThan(0.05);
  });
});
