import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  type FaultParts,
  fixed,
  poisson,
  run,
  service,
  type Setting,
  trace,
  users,
} from '../../test/worlds.ts';

const AT = { on: 'web', from: 100, to: 200 } as const;

/** A service that takes 10 ms, asked at these moments, while this happens to it. */
function under(fault: FaultParts, at: number[], own: Partial<Setting> = {}) {
  return run({
    services: [service('web', { workers: 100 })],
    users: [users('web', trace(...at), { options: { ...BARE, timeout: 1000 } })],
    faults: [fault],
    ...own,
  });
}

const ends = (told: ReturnType<typeof run>) =>
  told.of('attemptEnded').map(([now, took, verdict]) => [now, took, verdict]);

const withCache = (faults: FaultParts[]): Setting => ({
  services: [
    service('web', {
      cache: { hitRate: 1, keys: 1, ttl: Infinity },
      stages: [[edge('web', 'db')]],
    }),
    service('db'),
  ],
  users: [users('web', trace(0, 50, 150, 250))],
  faults,
});

const skewed = (by: number): Setting => ({
  services: [
    service('web', { stages: [[edge('web', 'db', { options: { ...BARE, deadline: '1h' } })]] }),
    service('db', { serviceTime: fixed(1000) }),
  ],
  users: [users('web', trace(110), { options: { ...BARE, deadline: 510 } })],
  faults: [{ ...AT, kind: 'clock-skew', by }],
});

describe('during its time, from its first moment to before its last, a fault', () => {
  test('latency: makes serving longer', () => {
    const fault = { ...AT, kind: 'latency', times: 3, plus: fixed(5) } as const;
    expect(ends(under(fault, [80, 100, 199, 200]))).toEqual([
      [90, 10, 'success'],
      [135, 35, 'success'],
      [210, 10, 'success'],
      [234, 35, 'success'],
    ]);
  });

  test('slow-start: makes serving longer, and less and less so', () => {
    const fault = { ...AT, kind: 'slow-start', times: 5 } as const;
    expect(ends(under(fault, [100, 150, 200])).map(([, took]) => took)).toEqual([50, 30, 10]);
  });

  test.each(['transient', 'overload', 'terminal'] as const)('errors: answers %s', (verdict) => {
    const fault = { ...AT, kind: 'errors', rate: 1, verdict } as const;
    expect(ends(under(fault, [50, 150])).map((end) => end[2])).toEqual(['success', verdict]);
    const half = under({ ...fault, rate: 0.5, from: 0, to: Infinity }, [], {
      users: [users('web', poisson(500))],
      duration: 20_000,
    });
    const share = ends(half).filter((end) => end[2] === verdict).length / ends(half).length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.03);
  });

  test('outage, refuse: repeats safely what was never sent, and lets through what was there', () => {
    const fault = { ...AT, kind: 'outage', how: 'refuse' } as const;
    const own = {
      options: { ...BARE, retry: { maxAttempts: 2, budget: false, backoff: { base: 0 } } },
      idempotent: false,
    } as const;
    const told = under(fault, [95, 150, 250], { users: [users('web', trace(95, 150), own)] });
    expect(ends(told)).toEqual([
      [105, 10, 'success'],
      [150, 0, 'transient'],
      [150, 0, 'transient'],
    ]);
    expect(told.count('requestArrived')).toBe(3);
    expect(told.times('requestRejected')).toEqual([150, 150]);
  });

  test('outage, reset: breaks what is new and what is under way, which is not repeated', () => {
    const fault = { ...AT, kind: 'outage', how: 'reset' } as const;
    const own = {
      options: { ...BARE, retry: { maxAttempts: 2, budget: false } },
      idempotent: false,
    } as const;
    const told = under(fault, [], { users: [users('web', trace(95, 150), own)] });
    expect(ends(told)).toEqual([
      [105, 10, 'transient'],
      [150, 0, 'transient'],
    ]);
    expect([told.count('requestServed'), told.count('requestRejected')]).toEqual([1, 1]);
  });

  test('outage, hang: answers nobody', () => {
    const told = under({ ...AT, kind: 'outage', how: 'hang' }, [95, 150, 200]);
    expect(ends(told)).toEqual([
      [210, 10, 'success'],
      [1095, 1000, 'timeout'],
      [1150, 1000, 'timeout'],
    ]);
    expect([told.count('requestServed'), told.count('requestRejected')]).toEqual([2, 1]);
  });

  test('hold: delivers all at its end', () => {
    const told = under({ ...AT, kind: 'hold' }, [95, 100, 150, 199]);
    expect(told.times('requestArrived')).toEqual([95, 200, 200, 200]);
    expect(ends(told)).toEqual([
      [105, 10, 'success'],
      [210, 110, 'success'],
      [210, 60, 'success'],
      [210, 11, 'success'],
    ]);
  });

  test('hold: does not deliver what was given up to a service that cancels', () => {
    const told = under({ ...AT, kind: 'hold' }, [], {
      services: [service('web', { queue: { abandoned: 'cancelled' } })],
      users: [users('web', trace(110, 190), { options: { ...BARE, timeout: 50 } })],
    });
    expect(told.times('requestRejected')).toEqual([200]);
    expect(told.times('requestServed')).toEqual([210]);
  });

  test('crash: loses what the replica had, and its place among the others', () => {
    const told = under({ ...AT, kind: 'crash', replicas: 1 }, [], {
      services: [service('web', { replicas: 2, balancing: 'round-robin' })],
      users: [users('web', trace(95, 95, 98, 98, 150, 150, 200, 200))],
    });
    expect(ends(told)).toEqual([
      [100, 2, 'transient'],
      [100, 5, 'transient'],
      [105, 10, 'success'],
      [115, 17, 'success'],
      [160, 10, 'success'],
      [170, 20, 'success'],
      [210, 10, 'success'],
      [210, 10, 'success'],
    ]);
    expect(told.count('requestRejected')).toBe(2);
    expect(told.of('loadChanged', 'web').at(-1)).toEqual([210, 0, 0]);
  });

  test('crash: of all leaves nobody to connect to', () => {
    const told = under({ ...AT, kind: 'crash', replicas: 9 }, [150, 200]);
    expect(ends(told)).toEqual([
      [150, 0, 'transient'],
      [210, 10, 'success'],
    ]);
  });

  test('crash: of all takes those as well that are away already, and first those that are not', () => {
    const parts = { replicas: 2, balancing: 'round-robin', serviceTime: fixed(1) } as const;
    const answered = (crash: FaultParts, other: FaultParts): (string | number | boolean)[] =>
      ends(
        under(crash, [110, 160, 210, 260, 310], {
          services: [service('web', parts)],
          faults: [other, crash],
        }),
      ).map(([, , verdict]) => verdict!);
    const deploy = { on: 'web', kind: 'deploy', from: 90, to: 190, away: 50 } as const;
    const one = { on: 'web', kind: 'crash', replicas: 1 } as const;
    const [up, down] = ['success', 'transient'];
    const all = { ...one, replicas: 2, from: 100, to: 300 };
    expect(answered(all, deploy)).toEqual([down, down, down, down, up]);
    expect(answered(all, { ...one, from: 90, to: 250 })).toEqual([down, down, down, down, up]);
    const other = { ...one, from: 100, to: 200 };
    expect(answered({ ...one, from: 150, to: 250 }, other)).toEqual([up, down, up, up, up]);
  });

  test('crash: forgets the calls that were under way', () => {
    const told = under({ ...AT, kind: 'crash', replicas: 1 }, [], {
      services: [
        service('web', { stages: [[edge('web', 'db')]] }),
        service('db', { serviceTime: fixed(50) }),
      ],
      users: [users('web', trace(80))],
    });
    expect(told.of('userAnswered')).toEqual([[100, 80, false]]);
    expect(told.of('callEnded', 'web > db')).toEqual([[140, 90, true, 1]]);
    expect(told.count('requestServed', 'web')).toBe(0);
  });

  test('capacity: leaves this share of all workers, and gives them back', () => {
    const told = under({ ...AT, kind: 'capacity', share: 0.5 }, [], {
      services: [service('web', { replicas: 2, workers: 3, balancing: 'round-robin' })],
      users: [users('web', trace(...new Array<number>(6).fill(150), ...new Array(6).fill(300)))],
    });
    expect(told.times('requestServed')).toEqual([
      160,
      160,
      160,
      170,
      170,
      180,
      ...new Array<number>(6).fill(310),
    ]);
    const none = under({ ...AT, kind: 'capacity', share: 0 }, [150]);
    expect(none.times('requestServed')).toEqual([210]);
  });

  test('capacity: leaves one worker of ever so small a share, and asks those who have one', () => {
    const few = { ...AT, kind: 'capacity', share: 0.01 } as const;
    const times = [150, 150, 150];
    expect(under(few, times).times('requestServed')).toEqual([160, 170, 180]);
    for (const balancing of ['round-robin', 'random', 'least-busy'] as const) {
      const told = under(few, [], {
        services: [service('web', { replicas: 3, workers: 4, balancing })],
        users: [users('web', trace(...times, 300, 300))],
      });
      expect(told.times('requestServed')).toEqual([160, 170, 180, 310, 310]);
    }
  });

  test('cache-flush and crash: leave the caches empty', () => {
    expect(run(withCache([])).times('callStarted', 'web > db')).toEqual([10]);
    const flush = { ...AT, kind: 'cache-flush' } as const;
    expect(run(withCache([flush])).times('callStarted', 'web > db')).toEqual([10, 160]);
    const crash = { ...AT, to: 120, kind: 'crash', replicas: 1 } as const;
    expect(run(withCache([crash])).times('callStarted', 'web > db')).toEqual([10, 160]);
  });

  test('deploy: takes one replica after the other, and lets it finish', () => {
    const told = under({ on: 'web', kind: 'deploy', from: 100, to: Infinity, away: 50 }, [], {
      services: [
        service('web', { replicas: 2, balancing: 'round-robin', workers: 1, queue: { max: 0 } }),
      ],
      users: [users('web', trace(95, 95, 120, 120, 170, 170, 220, 220))],
    });
    expect(ends(told).map(([now, , verdict]) => [now, verdict])).toEqual([
      [105, 'success'],
      [105, 'success'],
      [120, 'overload'],
      [130, 'success'],
      [170, 'overload'],
      [180, 'success'],
      [230, 'success'],
      [230, 'success'],
    ]);
  });

  test('deploy: has begun for what comes at its first moment', () => {
    const deploy = { on: 'web', kind: 'deploy', from: 100, to: 150, away: 50 } as const;
    expect(ends(under(deploy, [100, 149, 150])).map((end) => end[2])).toEqual([
      'transient',
      'transient',
      'success',
    ]);
  });

  test('deploy: brings a replica back before the next goes, which takes what was lost', () => {
    const deploy = { on: 'web', kind: 'deploy', from: 95, to: 195, away: 50 } as const;
    const slow = { on: 'web', kind: 'latency', times: 10, plus: null, from: 0, to: 95 } as const;
    const options = { ...BARE, retry: { maxAttempts: 2, budget: false, backoff: { base: 0 } } };
    const told = under(deploy, [], {
      services: [service('web', { replicas: 2, balancing: 'round-robin', workers: 2 })],
      users: [users('web', trace(90, 90), { options, idempotent: true })],
      faults: [deploy, slow],
    });
    expect(ends(told)).toEqual([
      [145, 55, 'transient'],
      [155, 10, 'success'],
      [190, 100, 'success'],
    ]);
  });

  test('deploy: kills what takes too long to finish', () => {
    const told = under({ on: 'web', kind: 'deploy', from: 100, to: Infinity, away: 50 }, [90], {
      services: [service('web', { serviceTime: fixed(500) })],
    });
    expect(ends(told)).toEqual([[150, 60, 'transient']]);
  });

  test('clock-skew: brings deadlines nearer than they are', () => {
    // 500 ms are left when web calls, or seem to be 300; 5 % of them are its reserve.
    expect(run(skewed(0)).of('callEnded', 'web > db')[0]).toEqual([595, 120, false, 1]);
    expect(run(skewed(200)).of('callEnded', 'web > db')[0]).toEqual([405, 120, false, 1]);
  });

  test('latency: draws by itself where another begins at the same moment', () => {
    const plus = { kind: 'exponential', mean: 50 } as const;
    const fault = { on: 'web', kind: 'latency', times: 0, plus, from: 0, to: Infinity } as const;
    const moments = Array.from({ length: 20 }, (_, at) => at * 1000);
    const took = (...faults: FaultParts[]): number[] =>
      ends(under(fault, moments, { faults })).map(([, time]) => Number(time));
    const once = took(fault);
    const twice = took(fault, { ...fault, times: 1 });
    // Each is the first's time and a second one of its own.
    const seconds = twice.map((time, at) => time - once[at]!);
    expect(seconds.every((time) => time > 0)).toBe(true);
    expect(seconds).not.toEqual(once.map((time) => expect.closeTo(time, 6) as number));
  });

  test('adds to others of its kind, and leaves them when it ends', () => {
    const slow = { on: 'web', kind: 'latency', times: 2, plus: null } as const;
    const told = under({ ...slow, from: 0, to: 300 }, [], {
      users: [users('web', trace(50, 150, 250, 350))],
      faults: [
        { ...slow, from: 0, to: 300 },
        { ...slow, from: 100, to: 200 },
      ],
    });
    expect(ends(told).map(([, took]) => took)).toEqual([20, 40, 20, 10]);
  });

  test('outage: of several, the one that came last counts among those that are left', () => {
    const outages = [
      { how: 'refuse', from: 100, to: 500 },
      { how: 'hang', from: 200, to: 600 },
      { how: 'refuse', from: 300, to: 400 },
    ] as const;
    const told = run({
      services: [service('web')],
      users: [users('web', trace(150, 250, 350, 450, 550), { options: { ...BARE, timeout: 50 } })],
      faults: outages.map((outage) => ({ on: 'web', kind: 'outage', ...outage })),
    });
    expect(ends(told).map(([, took]) => took)).toEqual([0, 50, 0, 50, 50]);
  });
});
