import { describe, expect, test } from 'vitest';

import { callsOf } from '../spec/edges.ts';
import { fleetOf } from '../spec/fleet.ts';
import { type Load, loadOf } from './load.ts';

const spec = {
  name: 'load',
  services: {
    web: {
      serviceTime: '10ms',
      cache: { hitRate: 0.75 },
      calls: [{ to: 'a', times: 2 }, { together: [{ to: 'a' }, { to: 'b' }] }],
    },
    a: { serviceTime: { exponential: '20ms' }, workers: 4, replicas: 3 },
    b: { serviceTime: '50ms' },
  },
  users: {
    spike: {
      to: 'web',
      rate: [
        { at: '0s', rate: 40 },
        { at: '1m', rate: 100, until: 200 },
      ],
    },
  },
};

function loadFor(users: Record<string, unknown>): Load {
  return loadOf(fleetOf({ ...spec, users: { some: { to: 'web', ...users } } }));
}

test('the highest rate goes down the graph, as often as calls are made and caches miss', () => {
  const fleet = fleetOf(spec);
  const load = loadOf(fleet);
  const web = fleet.services.get('web');
  expect(load.rateOf('web')).toBe(200);
  expect(web && callsOf(web).map(load.callsOver)).toEqual([100, 50, 50]);
  expect(load.rateOf('a')).toBe(150);
});

test('an answer takes the service, and its calls on a miss: in turn, or as long as the longest at once', () => {
  const fleet = fleetOf(spec);
  expect(loadOf(fleet).held(fleet.services.get('web')!, 1)).toBe(10 + 0.25 * (20 + 50));
});

test('clients send one request per think time and answer', () => {
  // An answer takes 27.5 ms.
  expect(loadFor({ clients: 10, think: '972.5ms' }).rateOf('web')).toBeCloseTo(10, 9);
});

test('a trace counts by its busiest second, as a rate in pieces by its highest', () => {
  expect(loadFor({ trace: ['0s', '1s', '2s', '4s'] }).rateOf('web')).toBe(1);
  expect(loadFor({ trace: ['0s', '1ms'] }).rateOf('web')).toBe(2);
  // A quiet hour, and in it a second of three.
  const trace = ['0s', '20m', '1801.3s', '1801.9s', '1802.2s', '1803s', '1h'] as const;
  expect(loadFor({ trace }).rateOf('web')).toBe(3);
});

test('what fails by itself makes no calls', () => {
  const { services, users } = spec;
  const fleet = fleetOf({
    ...spec,
    services: { ...services, web: { ...services.web, failures: 0.2 } },
    users,
  });
  const load = loadOf(fleet);
  expect(load.rateOf('a')).toBeCloseTo(0.8 * 150, 9);
  expect(load.held(fleet.services.get('web')!, 1)).toBeCloseTo(10 + 0.8 * 0.25 * (20 + 50), 9);
});

/** Of web, if it is this. */
function capacityOf(web: object): number {
  const fleet = fleetOf({ ...spec, services: { ...spec.services, web } });
  return loadOf(fleet).capacityOf(fleet.services.get('web')!);
}

describe('what a service can serve', () => {
  test('is workers / mean time, times its replicas', () => {
    expect(capacityOf({ serviceTime: { exponential: '20ms' }, workers: 4, replicas: 3 })).toBe(600);
    expect(capacityOf({ serviceTime: 0 })).toBe(Infinity);
  });

  test('is less by the time of its calls, for which its workers wait', () => {
    const calls = [
      { to: 'a' },
      {
        together: [
          { to: 'a', times: 0.5 },
          { to: 'b', times: 0.5 },
        ],
      },
    ];
    // 10 ms, then 20 ms, then the longer of 10 and 25 ms.
    expect(capacityOf({ workers: 11, calls })).toBeCloseTo(11_000 / 55, 9);
    expect(capacityOf({ serviceTime: 0, workers: 1, calls: [{ to: 'b' }] })).toBe(20);
    const policy = { timeout: false, deadline: '25ms' };
    expect(capacityOf({ serviceTime: 0, workers: 1, calls: [{ to: 'b', policy }] })).toBe(40);
  });

  test('is what so many at once leave of it, or fewer where that is more', () => {
    // Each takes 10 ms x (1 + 0.5 x 4), or x (1 + 4 x 4).
    const loaded = { loaded: '10ms', slope: 0.5 };
    expect(capacityOf({ serviceTime: loaded, workers: 5 })).toBeCloseTo(5000 / 30, 9);
    expect(capacityOf({ serviceTime: { ...loaded, slope: 4 }, workers: 5 })).toBe(100);
  });
});
