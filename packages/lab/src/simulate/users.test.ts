import { describe, expect, test } from 'vitest';
import type { Distribution } from '../spec/model.ts';
import { fixed, poisson, run, service, trace, users } from '../../test/worlds.ts';

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

  test.each<Distribution>([
    { kind: 'exponential', mean: 60_000 },
    { kind: 'lognormal', mean: 60_000, cv: 2 },
    { kind: 'empirical', values: [1000, 119_000] },
  ])('of a closed loop come from the first moment on as they do later: $kind', (think) => {
    const told = run({
      services: [service('web', { workers: 1000, serviceTime: fixed(0) })],
      users: [users('web', { kind: 'closed', clients: 20_000, think })],
      duration: 3000,
    });
    for (const from of [0, 1000, 2000]) {
      const came = told.times('userArrived').filter((at) => at >= from && at < from + 1000);
      expect(Math.abs(came.length - 20_000 / 60)).toBeLessThan(4 * Math.sqrt(20_000 / 60));
    }
  });

  test('who do not think are serial clients: each asks again as soon as it is answered', () => {
    const told = run({
      services: [service('web', { workers: 10, serviceTime: fixed(20) })],
      users: [users('web', { kind: 'closed', clients: 3, think: fixed(0) })],
      duration: 50,
    });
    expect(told.times('userArrived')).toEqual([0, 0, 0, 20, 20, 20, 40, 40, 40]);
  });

  test('who do not think ask again after a millisecond when they are refused at once', () => {
    const told = run({
      services: [service('web', { serviceTime: fixed(20) })],
      users: [users('web', { kind: 'closed', clients: 1, think: fixed(0) })],
      faults: [{ kind: 'outage', on: 'web', how: 'refuse', from: 30, to: 43 }],
      duration: 65,
    });
    expect(told.times('userArrived')).toEqual([0, 20, 40, 41, 42, 43, 63]);
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
