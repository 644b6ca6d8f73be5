import { describe, expect, test } from 'vitest';
import { BARE, TWICE } from '../../test/worlds.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { SpecData } from '../spec/tables.ts';
import type { CustomClient, CustomServer, IncomingRequest } from './custom.ts';
import type { RunResult, UserFigures } from './result.ts';
import { type RunOptions, simulate } from './simulate.ts';

type Parts = Partial<SpecData['services'][string]>;
type Faults = NonNullable<NonNullable<SpecData['scenarios']>[string]>['faults'];

interface Setting {
  /** Of the service `row`. */
  readonly row?: Parts;
  readonly services?: SpecData['services'];
  /** Of the users `writers`; at 0 and 1 ms by default. */
  readonly writers?: Partial<NonNullable<SpecData['users']>[string]>;
  readonly faults?: Faults;
}

function run(
  { row = {}, services = {}, writers = { trace: [0, 1] }, faults = [] }: Setting,
  custom: Partial<RunOptions>,
): RunResult {
  const fleet = fleetOf({
    services: { row: { workers: 1, ...row }, ...services },
    users: { writers: { to: 'row', policy: BARE, ...writers } },
    scenarios: { run: { duration: '10s', faults } },
  } satisfies SpecData);
  return simulate(fleet, { scenario: 'run', lane: 'holdfast', seed: 1, ...custom });
}

/** Answers everything well, after so many milliseconds. */
const after =
  (time: number): CustomServer =>
  () =>
  (request) =>
    request.work(time, () => request.answer('success'));

const answersTwice: CustomServer = () => (request) => {
  request.answer('success');
  request.answer('terminal');
};

/** Can be read, and not written. */
const readable: CustomServer =
  () =>
  ({ body, work, answer }) =>
    work(10, () => (body === 'read' ? answer('success', 42) : answer('transient')));

const wrong = (): never => {
  throw new Error('a slip');
};

const slips: CustomClient = ({ call }) =>
  call(({ verdict }) => {
    throw new Error(`told ${verdict}`);
  });

/** What becomes of one request that takes 100 ms when all is well. */
function oneOf100ms(faults: Faults): UserFigures {
  const setting = { writers: { trace: [500] }, faults };
  return run(setting, { servers: { row: after(100) } }).users[0]!.total;
}

/** When users of an open load come, each of whom draws so often. */
function arrivalsWith(draws: number): number[] {
  const at: number[] = [];
  const client: CustomClient = ({ now, random }) => {
    at.push(now());
    for (let i = 0; i < draws; i++) random.next();
  };
  run({ writers: { rate: 10 } }, { clients: { writers: client } });
  return at;
}

describe('a server of one’s own', () => {
  test('works in place of the service time, with the workers and the queue of the spec', () => {
    const { users, services } = run({}, { servers: { row: after(100) } });
    // The second waits for the first, which holds the only worker.
    expect(users[0]!.total).toMatchObject({ arrivals: 2, goodput: 1 });
    expect(users[0]!.total.p50).toBeCloseTo(100, -1);
    expect(users[0]!.total.p99).toBeCloseTo(199, -1);
    expect(services[0]!.total.queueMax).toBe(1);
  });

  test.each(['transient', 'overload', 'terminal'] as const)('answers %s', (verdict) => {
    const server: CustomServer = () => (request) => request.answer(verdict);
    const { edges, users } = run({}, { servers: { row: server } });
    expect(edges[0]!.total.verdicts).toEqual({ [verdict]: 2 });
    expect(users[0]!.total.goodput).toBe(0);
  });

  test('is told of each attempt', () => {
    const told: unknown[] = [];
    const server: CustomServer = (around) => (request) => {
      const { from, attempt, key, criticality, remaining, concurrency, body } = request;
      const times = { at: around.now(), remaining: remaining() };
      told.push({ ...times, from, attempt, key, criticality, concurrency, body });
      request.answer('transient');
    };
    const policy = { ...BARE, deadline: '2s', retry: TWICE } as const;
    run(
      { writers: { trace: [0, 1], policy, keyed: true, criticality: 'sheddable' } },
      { servers: { row: server } },
    );
    const same = { from: 'writers', criticality: 'sheddable', concurrency: 1, remaining: 2000 };
    expect(told).toEqual([
      { ...same, at: 0, attempt: 1, key: '1', body: undefined },
      { ...same, at: 0, attempt: 2, key: '1', body: undefined },
      { ...same, at: 1, attempt: 1, key: '2', body: undefined },
      { ...same, at: 1, attempt: 2, key: '2', body: undefined },
    ]);
  });

  test('may keep a request, which stays what it was', () => {
    const kept: IncomingRequest[] = [];
    const server: CustomServer = () => (request) => {
      kept.push(request);
      request.answer('success');
    };
    run({ writers: { trace: [0, 1, 2], keyed: true } }, { servers: { row: server } });
    expect(kept.map(({ key }) => key)).toEqual(['1', '2', '3']);
  });

  test('sees no key where the spec says that there is none, and who has given up', () => {
    const seen: unknown[] = [];
    const server: CustomServer = () => (request) =>
      request.work(100, () => seen.push([request.key, request.isAbandoned]));
    run(
      { writers: { trace: [0], policy: { ...BARE, timeout: 50 } } },
      { servers: { row: server } },
    );
    expect(seen).toEqual([[undefined, true]]);
  });

  test('sees no key in the lane that sends none, and is asked again all the same', () => {
    const keys: unknown[] = [];
    const server: CustomServer = () => (request) => {
      keys.push(request.key);
      request.answer('transient');
    };
    const writers = { trace: [0], policy: BARE, keyed: true };
    run({ writers }, { servers: { row: server }, lane: 'naive' });
    expect(keys).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('is asked once for a key that its service remembers, and its value is repeated', () => {
    const keys: unknown[] = [];
    const values: unknown[] = [];
    const server: CustomServer = () => (request) => {
      keys.push(request.key);
      request.work(100, () => request.answer('success', `row ${request.key}`));
    };
    const client: CustomClient = ({ call }) => call(({ value }) => values.push(value));
    const setting = {
      row: { idempotency: { wait: '1s' } },
      writers: { trace: [0], policy: { ...BARE, timeout: 90, retry: TWICE }, keyed: true },
    } as const;
    const { services } = run(setting, { servers: { row: server }, clients: { writers: client } });
    expect([keys, values]).toEqual([['1'], ['row 1']]);
    expect(services[0]!.total).toMatchObject({ duplicates: 0, recognised: 1 });
  });

  test('has its calls made after a success, and not after a failure', () => {
    const stock = { stock: { serviceTime: '5ms' } } as const;
    const setting = { row: { calls: [{ to: 'stock' }] }, services: stock };
    const arrivals = (verdict: 'success' | 'terminal') =>
      run(setting, { servers: { row: () => (request) => request.answer(verdict) } }).services[1]!
        .total.arrivals;
    expect([arrivals('success'), arrivals('terminal')]).toEqual([2, 0]);
  });

  test('is slowed down by a fault, and fails by one', () => {
    expect(oneOf100ms([]).p50).toBeCloseTo(100, -1);
    expect(oneOf100ms([{ latency: 'row', times: 5 }]).p50).toBeCloseTo(500, -2);
    expect(oneOf100ms([{ errors: 'row', rate: 1 }]).goodput).toBe(0);
  });

  test('does not go on with what a crash has taken, nor answers it', () => {
    let gone = 0;
    const server: CustomServer = (around) => (request) => {
      around.after(300, () => request.answer('terminal'));
      request.work(300, () => gone++);
    };
    const faults = [{ crash: 'row', from: 100, for: 50 }] as const;
    const { services, edges } = run(
      { writers: { trace: [0] }, faults },
      { servers: { row: server } },
    );
    expect(gone).toBe(0);
    expect(edges[0]!.total.verdicts).toEqual({ transient: 1 });
    // Until the crash its worker was busy, and then no more.
    expect(services[0]!.total).toMatchObject({ rejected: 1, utilisation: 0.01 });
  });

  test('answers once: later answers change nothing', () => {
    // Its call keeps the request at the service for a while.
    const setting = { row: { calls: [{ to: 'stock' }] }, services: { stock: {} } };
    const { users, edges } = run(setting, { servers: { row: answersTwice } });
    expect(users[0]!.total.goodput).toBe(1);
    expect(edges.map(({ total }) => total.attempts)).toEqual([2, 2]);
  });

  test('keeps a worker with what it never answers', () => {
    const { users, services } = run({}, { servers: { row: () => () => {} } });
    expect(users[0]!.total.goodput).toBe(0);
    expect(services[0]!.total).toMatchObject({ utilisation: 1, queueMax: 1 });
  });

  test('may answer a long queue all at one moment', () => {
    const held: IncomingRequest[] = [];
    const server: CustomServer = () => (request) => {
      if (held.length === 0) held.push(request);
      else request.answer('success');
      if (held.length === 1) request.work(1000, () => request.answer('success'));
    };
    const trace = Array.from({ length: 20_000 }, () => 0);
    const { users } = run(
      { row: { queue: { max: 'unbounded' } }, writers: { trace } },
      { servers: { row: server } },
    );
    expect(users[0]!.total.goodput).toBe(1);
  });

  test('begins each run anew, also the one without the fault', () => {
    let runs = 0;
    const server: CustomServer = ({ random }) => {
      runs++;
      let left = 5;
      return (request) =>
        request.work(random.next() * 100, () =>
          request.answer(left-- > 0 ? 'success' : 'terminal'),
        );
    };
    const writers = { rate: 10 };
    const faults = [{ outage: 'row', from: '1s', for: '100ms' }] as const;
    const result = () => run({ writers, faults }, { servers: { row: server } });
    expect(result()).toEqual(result());
    expect(runs).toBe(4);
  });

  test('ends the run by what it throws, wherever it does', () => {
    const servers: readonly CustomServer[] = [
      wrong,
      () => wrong,
      ({ after: wait }) => {
        wait(5, wrong);
        return () => {};
      },
      () => (request) => request.work(5, wrong),
      () => (request) => request.work(-5, () => {}),
      () => (request) => request.answer('fine' as 'success'),
    ];
    const messages = servers.map((row) => {
      try {
        return run({}, { servers: { row } }).verdict.kind;
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages.slice(0, 4)).toEqual(['a slip', 'a slip', 'a slip', 'a slip']);
    expect(messages.slice(4)).toEqual([
      'a delay must be 0 ms or more; got -5',
      'an answer must be one of success, transient, overload, terminal; got "fine"',
    ]);
  });
});

describe('a client of one’s own', () => {
  test('comes once for each of the clients, with a dependency of its own', () => {
    const came: number[] = [];
    const client: CustomClient = (user) => came.push(user.now());
    run({ writers: { clients: 3, think: '100ms' } }, { clients: { writers: client } });
    expect(came).toHaveLength(3);
    expect(new Set(came).size).toBe(3);
    expect(Math.max(...came)).toBeLessThan(100);
  });

  test('comes at each arrival', () => {
    const came: number[] = [];
    const client: CustomClient = (user) => came.push(user.now());
    const { users } = run({ writers: { trace: [5, 7, 9] } }, { clients: { writers: client } });
    expect(came).toEqual([5, 7, 9]);
    // Who does not call has not arrived.
    expect(users[0]!.total.arrivals).toBe(0);
  });

  test('says something, sees what came of it, and decides what to do next', () => {
    const seen: unknown[] = [];
    const client: CustomClient = ({ call, after: wait, now }) => {
      seen.push(now());
      call(({ ok, value }) => {
        seen.push(ok, value);
        wait(50, () => call((settled) => seen.push(settled.verdict, settled.attempts), 'write'));
      }, 'read');
    };
    const { users } = run(
      { writers: { trace: [3], idempotent: true, policy: { ...BARE, retry: TWICE } } },
      { servers: { row: readable }, clients: { writers: client } },
    );
    expect(seen).toEqual([3, true, 42, 'transient', 2]);
    expect(users[0]!.total).toMatchObject({ arrivals: 2, goodput: 0.5 });
  });

  test('draws from streams that nobody else draws from', () => {
    const drawn: number[] = [];
    const client: CustomClient = ({ random }) => drawn.push(random.next());
    const closed = { clients: 2, think: '1s' } as const;
    run({ writers: closed }, { clients: { writers: client } });
    const first = [...drawn];
    run({ writers: closed }, { clients: { writers: client }, servers: { row: after(1) } });
    expect(new Set(drawn).size).toBe(2);
    expect(drawn.slice(2)).toEqual(first);
  });

  test('ends the run by what it throws when it is told', () => {
    expect(() => run({}, { clients: { writers: slips } })).toThrow('told success');
  });

  test('does not change by its draws when others come', () => {
    expect(arrivalsWith(3)).toEqual(arrivalsWith(0));
  });

  test('is told of a refusal in a turn of its own, so that asking for ever is seen', () => {
    let left = 1000;
    const client: CustomClient = ({ call }) => {
      const again = (): void => {
        if (left-- > 0) call(again);
      };
      again();
    };
    const faults = [{ outage: 'row', how: 'refuse' }] as const;
    const { users, work } = run({ faults }, { clients: { writers: client } });
    expect(users[0]!.total.arrivals).toBe(1000);
    expect(work.events).toBeGreaterThan(1000);
  });
});

test.each([
  [{ servers: { rows: after(1) } }, "servers: the spec has no 'rows'; it has row"],
  [{ clients: { row: () => {} } }, "clients: the spec has no 'row'; it has writers"],
])('a name that the spec lacks is an error: %o', (custom, message) => {
  expect(() => run({}, custom)).toThrow(new RangeError(message));
});
