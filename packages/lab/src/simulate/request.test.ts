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
  TWICE,
  users,
} from '../../test/worlds.ts';

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

/** An edge, or users, whose calls have so long in all. */
const within = (deadline: number) => ({ options: { ...BARE, deadline } });

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

  test('makes all calls of a stage, also when the first of them fails at once', () => {
    const told = run({
      services: [
        service('web', { stages: [[edge('web', 'away'), edge('web', 'db', { times: 2 })]] }),
        service('away'),
        service('db'),
      ],
      users: [users('web', trace(0))],
      faults: [{ kind: 'outage', on: 'away', how: 'refuse', from: 0, to: Infinity }],
    });
    expect(told.of('userAnswered')).toEqual([[10, 0, false]]);
    expect(told.times('callStarted', 'web > db')).toEqual([10, 10]);
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

  test('tells those it calls whether anybody has tried twice on the way to it', () => {
    const told = run({
      services: [
        service('web', { stages: [[edge('web', 'db')], [edge('web', 'bad')]] }),
        service('db'),
        service('bad', { serviceTime: fixed(1) }),
      ],
      users: [users('web', trace(0, 100), { options: { ...BARE, retry: TWICE } })],
      faults: [{ kind: 'outage', on: 'bad', how: 'refuse', from: 0, to: 30 }],
    });
    expect(told.of('requestArrived', 'db').map(([, first]) => first)).toEqual([true, false, true]);
  });

  test('hands on what is left of its deadline, less a reserve', () => {
    const told = run({
      services: [
        service('web', { serviceTime: fixed(100), stages: [[edge('web', 'db', within(5000))]] }),
        service('db', { serviceTime: fixed(10_000) }),
      ],
      users: [users('web', trace(0), within(1100))],
    });
    // 1000 ms are left at 100 ms, and 5 % of that is kept.
    expect(told.of('callEnded', 'web > db')).toEqual([[1050, 100, false, 1]]);
    expect(told.of('userAnswered')[0]![2]).toBe(false);
  });

  test('does not lend a callee more than that may take by itself', () => {
    const told = run({
      services: [
        service('web', { serviceTime: fixed(100), stages: [[edge('web', 'db', within(300))]] }),
        service('db', { serviceTime: fixed(10_000) }),
      ],
      users: [users('web', trace(0), within(5000))],
    });
    expect(told.of('callEnded', 'web > db')).toEqual([[400, 100, false, 1]]);
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

/** What happens at a service whose caller is asked again after 5 ms, with the same key. */
const repeats = (idempotency: object, at: string) =>
  run({
    services: [
      service('web', {
        workers: 9,
        serviceTime: fixed(1),
        stages: [[edge('web', 'db', { keyed: true })]],
        ...idempotency,
      }),
      service('db', { workers: 9, ...idempotency }),
    ],
    users: [
      users('web', trace(0), { keyed: true, options: { ...BARE, timeout: 5, retry: TWICE } }),
    ],
  })
    .of('requestServed', at)
    .map(([, , , repeat]) => repeat);

describe('an effect', () => {
  test('that happens again because anybody on the way has repeated is a duplicate, whatever key was sent', () => {
    // The second attempt of the users makes web ask again for what db has done.
    expect(repeats({}, 'web')).toEqual(['none', 'duplicate']);
    expect(repeats({}, 'db')).toEqual(['none', 'duplicate']);
  });

  test('whose key is remembered happens once, and the repetition is recognised', () => {
    const idempotency = { wait: 100 };
    expect(repeats({ idempotency }, 'web')).toEqual(['none', 'recognised']);
    expect(repeats({ idempotency }, 'db')).toEqual(['none']);
  });

  test('does not come of a failure', () => {
    const told = run({
      services: [service('web', { failures: 1 })],
      users: [users('web', trace(0), { options: { ...BARE, retry: TWICE } })],
    });
    expect(told.of('requestServed').map(([, , , repeat]) => repeat)).toEqual(['none', 'none']);
  });

  test('of a call’s second part is another effect', () => {
    const told = run({
      services: [
        service('web', { stages: [[edge('web', 'db', { times: 2 })], [edge('web', 'db')]] }),
        service('db'),
      ],
      users: [users('web', trace(0))],
    });
    expect(told.of('requestServed', 'db').map(([, , , repeat]) => repeat)).toEqual([
      'none',
      'none',
      'none',
    ]);
  });
});
