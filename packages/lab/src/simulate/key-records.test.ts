import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  fixed,
  type FaultParts,
  poisson,
  type Witness,
  run,
  service,
  trace,
  TWICE,
  users,
} from '../../test/worlds.ts';
import type { Idempotency } from '../spec/model.ts';

type Remembers = Partial<Idempotency>;

/** Users ask a till; each attempt has so long, and is followed by another one, so much later. */
interface Till {
  readonly remembers?: Remembers;
  readonly timeout?: number;
  readonly pause?: number;
  readonly attempts?: number;
  readonly keyed?: boolean;
  readonly own?: Parameters<typeof service>[1];
  readonly faults?: readonly FaultParts[];
}

function ask(till: Till): Witness {
  const { remembers, timeout = 10, pause = 0, attempts = 2, keyed = true } = till;
  const backoff = { kind: 'constant', base: pause, max: 120_000, jitter: 'none' } as const;
  const retry = { ...TWICE, maxAttempts: attempts, backoff };
  const idempotency = remembers === undefined ? {} : { idempotency: remembers };
  return run({
    services: [
      service('till', { workers: 9, serviceTime: fixed(50), ...till.own, ...idempotency }),
    ],
    users: [users('till', trace(0), { keyed, options: { ...BARE, timeout, retry } })],
    ...(till.faults === undefined ? {} : { faults: till.faults }),
  });
}

/** What the till did, and when. */
const served = (told: Witness, at = 'till') =>
  told.of('requestServed', at).map(([now, , , repeat]) => [now, repeat]);

/** How the attempts ended, and when. */
const ended = (told: Witness) => told.of('attemptEnded').map(([now, , verdict]) => [now, verdict]);

/** Effects that happened once and again, and repeats that had none, at a till with slow customers. */
const effects = (remembers?: Remembers) => {
  const told = run({
    services: [
      service('till', {
        workers: 20,
        serviceTime: { kind: 'exponential', mean: 50 },
        ...(remembers === undefined ? {} : { idempotency: remembers }),
      }),
    ],
    users: [
      users('till', poisson(100), {
        keyed: true,
        options: { ...BARE, timeout: 100, retry: { ...TWICE, maxAttempts: 4 } },
      }),
    ],
    duration: 20_000,
  });
  const repeats = told.of('requestServed').map(([, , , repeat]) => repeat);
  return ['none', 'duplicate', 'recognised'].map(
    (kind) => repeats.filter((repeat) => repeat === kind).length,
  );
};

/** A till that answers so for 60 ms; the second attempt comes when that is over. */
const failing = (verdict: 'transient' | 'overload' | 'terminal'): Till => ({
  faults: [{ kind: 'errors', on: 'till', from: 0, to: 60, rate: 1, verdict }],
  timeout: 55,
  pause: 50,
});
const late = (told: Witness) => ended(told).at(-1);

/** What the calls of a shop do at a bank, when the shop has crashed after it, and its work is taken over. */
const bank = (keyed: boolean) => {
  const told = run({
    services: [
      service('shop', {
        replicas: 2,
        balancing: 'round-robin',
        idempotency: { lease: 100, onExpiredLease: 'takeover' },
        stages: [[edge('shop', 'bank', { keyed })], [edge('shop', 'mail')]],
      }),
      service('bank', { idempotency: {} }),
      service('mail', { serviceTime: fixed(100) }),
    ],
    users: [
      users('shop', trace(0), {
        keyed: true,
        options: { ...BARE, retry: { ...TWICE, backoff: { base: 200, jitter: 'none' } } },
      }),
    ],
    faults: [{ kind: 'crash', on: 'shop', from: 50, to: 60, replicas: 1 }],
  });
  expect(served(told, 'shop').map(([, repeat]) => repeat)).toEqual(['none']);
  return served(told, 'bank').map(([, repeat]) => repeat);
};

/** The first attempt is lost with its replica after 5 ms; a second one is there for others. */
const crash: Till = {
  timeout: 1000,
  own: { replicas: 2, balancing: 'round-robin' },
  faults: [{ kind: 'crash', on: 'till', from: 5, to: 500, replicas: 1 }],
};

describe('a key', () => {
  test('is no use with a server that does not remember it', () => {
    expect(served(ask({}))).toEqual([
      [50, 'none'],
      [60, 'duplicate'],
    ]);
  });

  test('is not there without `keyed`, whatever the server remembers', () => {
    const told = ask({ remembers: {}, keyed: false });
    expect(served(told)).toEqual([
      [50, 'none'],
      [60, 'duplicate'],
    ]);
  });

  test('of work that was done has its answer repeated, in no time', () => {
    const told = ask({ remembers: {}, pause: 90 });
    expect(served(told)).toEqual([
      [50, 'none'],
      [100, 'recognised'],
    ]);
    expect(told.of('userAnswered')).toEqual([[100, 0, true]]);
  });

  test('of work in progress is refused as production is, and is not asked for before a second is over', () => {
    const told = ask({ remembers: {}, attempts: 3 });
    expect(served(told)).toEqual([
      [10, 'recognised'],
      [50, 'none'],
      [1010, 'recognised'],
    ]);
    expect(ended(told)).toEqual([
      [10, 'timeout'],
      [10, 'overload'],
      [1010, 'success'],
    ]);
  });

  test('is one for all replicas, and makes no call twice', () => {
    const told = run({
      services: [
        service('shop', {
          replicas: 3,
          balancing: 'round-robin',
          idempotency: {},
          stages: [[edge('shop', 'bank')]],
        }),
        service('bank'),
      ],
      users: [
        users('shop', trace(0), {
          keyed: true,
          options: {
            ...BARE,
            timeout: 5,
            retry: { ...TWICE, backoff: { base: 50, jitter: 'none' } },
          },
        }),
      ],
    });
    expect(served(told, 'shop')).toEqual([
      [20, 'none'],
      [55, 'recognised'],
    ]);
    expect(served(told, 'bank')).toEqual([[20, 'none']]);
  });

  test('is forgotten after the retention', () => {
    const remembers = { lease: 100, retention: 1000 };
    expect(served(ask({ remembers, pause: 1030 }))).toEqual([
      [50, 'none'],
      [1040, 'recognised'],
    ]);
    expect(served(ask({ remembers, pause: 1040 }))).toEqual([
      [50, 'none'],
      [1100, 'duplicate'],
    ]);
  });

  test('makes duplicates of effects fall to zero, and costs no work', () => {
    const [once, twice, never] = effects();
    expect([once! > 1900, twice! > 100, never]).toEqual([true, true, 0]);
    const [done, again, recognised] = effects({ wait: 10_000 });
    expect([done! > 1900, again, recognised! > 100]).toEqual([true, 0, true]);
  });
});

describe('a repeat that waits', () => {
  test('is answered with the first', () => {
    const told = ask({ remembers: { wait: 1000 }, timeout: 45 });
    expect(served(told)).toEqual([
      [50, 'none'],
      [50, 'recognised'],
    ]);
    expect(told.of('userAnswered')).toEqual([[50, 0, true]]);
  });

  test('is refused when its wait is over, and holds a worker until then', () => {
    const told = ask({ remembers: { wait: 7 } });
    expect(served(told)).toEqual([
      [17, 'recognised'],
      [50, 'none'],
    ]);
    expect(told.of('loadChanged').map(([now, , busy]) => [now, busy])).toEqual([
      [0, 1],
      [10, 2],
      [17, 1],
      [50, 0],
    ]);
  });

  test('does the work itself when the first gives the key back', () => {
    const overload: FaultParts[] = [
      { kind: 'errors', on: 'till', from: 0, to: 60, rate: 1, verdict: 'overload' },
    ];
    const told = ask({ remembers: { wait: 1000 }, timeout: 60, attempts: 1, faults: overload });
    expect(ended(told)).toEqual([[50, 'overload']]);
    // The second times out as well, and the third has its answer.
    const more = ask({ remembers: { wait: 1000 }, timeout: 45, attempts: 3, faults: overload });
    expect(served(more)).toEqual([
      [50, 'none'],
      [100, 'none'],
      [100, 'recognised'],
    ]);
    expect(more.of('userAnswered')).toEqual([[100, 0, true]]);
  });

  test('goes away with its caller, where that is heeded', () => {
    const own = { queue: { abandoned: 'cancelled' } } as const;
    const told = ask({ remembers: { wait: 1000 }, timeout: 20, own });
    // The first goes on without its caller, as behind the middleware.
    expect(served(told)).toEqual([[50, 'none']]);
    expect(told.times('requestRejected')).toEqual([40]);
  });
});

describe('after an answer that is no success, a key', () => {
  test('is of unknown outcome after a failure: refused, or taken over if the work allows it', () => {
    const refused = ask({ ...failing('transient'), remembers: {} });
    expect(late(refused)).toEqual([100, 'terminal']);
    const taken = ask({ ...failing('transient'), remembers: { onExpiredLease: 'takeover' } });
    expect(late(taken)).toEqual([150, 'success']);
  });

  test('is free after an overload, under which nothing has happened', () => {
    expect(late(ask({ ...failing('overload'), remembers: {} }))).toEqual([150, 'success']);
  });

  test('has a final answer repeated, though the work could be taken over', () => {
    const remembers = { onExpiredLease: 'takeover' } as const;
    const told = ask({ ...failing('terminal'), remembers, timeout: 30, pause: 40 });
    expect(ended(told)).toEqual([
      [30, 'timeout'],
      [70, 'terminal'],
    ]);
    expect(served(told)).toEqual([
      [50, 'none'],
      [70, 'recognised'],
    ]);
  });
});

describe('after a crash of its owner, a key', () => {
  const lease = 3000;
  const later = (pause: number, remembers: Remembers) =>
    ask({ ...crash, pause, remembers: { lease, ...remembers } });

  test('is in progress until the lease is over', () => {
    expect(ended(later(100, {}))).toEqual([
      [5, 'transient'],
      [105, 'overload'],
    ]);
    expect(served(later(100, { onExpiredLease: 'takeover' }))).toEqual([[105, 'recognised']]);
  });

  test('is refused for as long as it is kept', () => {
    const told = later(3000, {});
    expect(served(told)).toEqual([[3005, 'recognised']]);
    expect(ended(told).at(-1)).toEqual([3005, 'terminal']);
    expect(served(later(3600, { retention: 3600 }))).toEqual([[3655, 'none']]);
  });

  test('is taken over by the next, whose effect is the only one', () => {
    const told = later(3000, { onExpiredLease: 'takeover' });
    expect(served(told)).toEqual([[3055, 'none']]);
    expect(told.of('userAnswered')).toEqual([[3055, 0, true]]);
  });

  test('is waited for until the lease is over', () => {
    const wait = 10_000;
    const taken = ask({
      ...crash,
      pause: 100,
      timeout: 8000,
      remembers: { lease, wait, onExpiredLease: 'takeover' },
    });
    expect(served(taken)).toEqual([[3050, 'none']]);
    const refused = ask({ ...crash, pause: 100, timeout: 8000, remembers: { lease, wait } });
    expect(ended(refused).at(-1)).toEqual([3000, 'terminal']);
  });

  test('has a lease from its last heartbeat on, every third of a lease', () => {
    const own = { replicas: 2, balancing: 'round-robin', serviceTime: fixed(5000) } as const;
    const faults: FaultParts[] = [{ kind: 'crash', on: 'till', from: 2500, to: 2600, replicas: 1 }];
    const from2000 = (pause: number) =>
      ended(
        ask({
          own,
          faults,
          pause,
          timeout: 4000,
          remembers: { lease, onExpiredLease: 'takeover', wait: 0 },
        }),
      );
    // 2000 + 3000 is when it is free.
    expect(from2000(2490)).toEqual([
      [2500, 'transient'],
      [4990, 'overload'],
    ]);
    expect(from2000(2510)).toEqual([
      [2500, 'transient'],
      [9010, 'timeout'],
    ]);
  });

  test('leaves what its calls have done, which a takeover does again unless they know the key', () => {
    expect(bank(false)).toEqual(['none', 'duplicate']);
    expect(bank(true)).toEqual(['none', 'recognised']);
  });
});
