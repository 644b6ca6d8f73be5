import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  fixed,
  Witness,
  run,
  service,
  type Setting,
  trace,
  TWICE,
  users,
  worldOf,
} from '../../test/worlds.ts';

describe('clients', () => {
  test('are dependencies with the lane’s options over the edge’s, nested ones merged', () => {
    const setting: Setting = {
      services: [service('web', { failures: 1 })],
      users: [
        users('web', trace(0), { options: { ...BARE, retry: { ...TWICE, maxAttempts: 5 } } }),
      ],
    };
    expect(run(setting).of('callEnded')).toEqual([[50, 0, false, 5]]);
    expect(run({ ...setting, lane: { retry: { maxAttempts: 3 } } }).of('callEnded')).toEqual([
      [30, 0, false, 3],
    ]);
    expect(run({ ...setting, lane: { retry: false } }).of('callEnded')).toEqual([
      [10, 0, false, 1],
    ]);
  });

  test('say what is wrong with a lane', () => {
    const setting = { services: [service('web')], users: [users('web', trace(0))] };
    const wrong = { timeout: -5 } as object;
    expect(() => run({ ...setting, lane: wrong })).toThrow('users > web.timeout');
  });

  test('tell whether anybody before has tried twice', () => {
    const told = run({
      services: [
        service('web', { workers: 9, serviceTime: fixed(1), stages: [[edge('web', 'db')]] }),
        service('db', { failures: 1 }),
      ],
      users: [users('web', trace(0), { options: { ...BARE, retry: TWICE } })],
    });
    expect(told.of('requestArrived', 'web').map(([, first]) => first)).toEqual([true, false]);
    expect(told.of('requestArrived', 'db').map(([, first]) => first)).toEqual([true, false]);
  });

  test('are one for each replica of the caller, and have their breakers and budgets', () => {
    const witness = new Witness();
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
      witness.probe,
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
      new Witness().probe,
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
      [10, 0, false, 1],
      [20, 20, false, 0],
    ]);
    expect(told.count('attemptStarted')).toBe(1);
  });
});

const served = (told: Witness) =>
  told.of('requestServed').map(([now, , , repeat]) => [now, repeat]);

describe('a call that has ended', () => {
  test('is no other one as long as its request is worked on', () => {
    const told = run({
      services: [service('web', { workers: 2, serviceTime: fixed(100) })],
      users: [users('web', trace(0, 50), { options: { ...BARE, timeout: 10 } })],
    });
    expect(served(told)).toEqual([
      [100, 'none'],
      [150, 'none'],
    ]);
  });

  test('is none either while an attempt is worked on that another one has replaced', () => {
    const slow = { on: 'web', kind: 'latency', times: 50, plus: null, from: 0, to: 5 } as const;
    const told = run({
      services: [service('web', { workers: 3 })],
      users: [users('web', trace(0, 495), { options: { ...BARE, timeout: 20, retry: TWICE } })],
      faults: [slow],
    });
    expect(served(told)).toEqual([
      [30, 'none'],
      [500, 'duplicate'],
      [505, 'none'],
    ]);
  });
});
