import { expect, test } from 'vitest';

import { callsOf } from '../spec/edges.ts';
import { fleetOf } from '../spec/fleet.ts';
import { capacityOf, type Load, loadOf } from './load.ts';

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
  expect(loadOf(fleetOf(spec)).answerTime('web')).toBe(10 + 0.25 * (20 + 50));
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

test('a service can serve workers / mean time, times its replicas', () => {
  const a = fleetOf(spec).services.get('a');
  expect(a && capacityOf(a)).toBe(600);
});
