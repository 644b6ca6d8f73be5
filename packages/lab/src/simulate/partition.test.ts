import { expect, test } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { BARE, edge, fixed, run, service, trace, users } from '../../test/worlds.ts';
import { simulate } from './simulate.ts';

const APART = { kind: 'partition', from: 100, to: 200 } as const;
const PATIENT = { options: { ...BARE, timeout: 1000 } };
const calls = (from: string, to: string, own = PATIENT) => ({ stages: [[edge(from, to, own)]] });

// Services take 10 ms.

test('a partition cuts off its two groups from each other, and nobody else', () => {
  const told = run({
    services: [service('web', { workers: 2 })],
    users: [
      users('web', trace(95, 150), PATIENT, 'far'),
      users('web', trace(150), PATIENT, 'near'),
    ],
    faults: [{ ...APART, groups: [['web'], ['far']] }],
  });
  expect(told.times('userAnswered', 'far')).toEqual([1095, 1150]);
  expect(told.of('userAnswered', 'near')).toEqual([[160, 150, true]]);
});

test.each([
  ['in either direction', [['app'], ['web', 'db']]],
  ['whichever is named first', [['db', 'web'], ['app']]],
] as const)('a partition stops calls %s', (_, groups) => {
  const told = run({
    services: [
      service('web', calls('web', 'app')),
      service('app', calls('app', 'db')),
      service('db'),
    ],
    users: [users('web', trace(150, 1300), PATIENT), users('app', trace(150), PATIENT, 'staff')],
    faults: [{ ...APART, groups }],
  });
  // Web asks app in vain, and app asks db; once it is over, all goes through.
  expect(told.of('callEnded', 'web > app')).toEqual([
    [1160, 160, false, 1],
    [1330, 1310, true, 1],
  ]);
  expect(told.of('callEnded', 'app > db')).toEqual([
    [1160, 160, false, 1],
    [1330, 1320, true, 1],
  ]);
});

test('a partition leaves together those of one group, and leaves another one that lasts', () => {
  const hasty = { options: { ...BARE, timeout: 30 } };
  const all = ['web', 'users', 'db'];
  const told = run({
    services: [service('web', calls('web', 'db', hasty)), service('db'), service('else')],
    users: [users('web', trace(110, 160, 205, 230))],
    faults: [
      { ...APART, groups: [all, ['else']] },
      { ...APART, groups: [['web'], ['db']], from: 150 },
      { ...APART, groups: [['web', 'else'], ['db']], from: 150, to: 220 },
    ],
  });
  const ok = told.of('callEnded', 'web > db').map((end) => end[2]);
  expect(ok).toEqual([true, false, false, true]);
});

test('a partition keeps from those on its other side that a crash has ended what they wait for', () => {
  const told = run({
    services: [service('web', { serviceTime: fixed(80) })],
    users: [users('web', trace(95, 96), PATIENT, 'far'), users('web', trace(97), PATIENT, 'near')],
    faults: [
      { ...APART, groups: [['web'], ['far']] },
      { kind: 'crash', on: 'web', replicas: 1, from: 150, to: 160 },
    ],
  });
  expect(told.times('userAnswered', 'far')).toEqual([1095, 1096]);
  expect(told.times('userAnswered', 'near')).toEqual([150]);
  expect(told.count('requestRejected')).toBe(3);
});

test('a partition is named by both its groups', () => {
  const fleet = fleetOf({
    services: { web: { calls: [{ to: 'db' }] }, db: {} },
    users: { shoppers: { to: 'web', rate: 1 } },
    scenarios: {
      s: { faults: [{ partition: ['web', 'shoppers'], and: 'db', from: '20s', for: '1s' }] },
    },
  });
  const { faults } = simulate(fleet, { scenario: 's', lane: 'holdfast', seed: 1 });
  const band = { kind: 'partition', on: 'web, shoppers | db', from: 20_000, to: 21_000 };
  expect(faults).toEqual([band]);
});
