import { describe, expect, test } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import type { CustomClient, IncomingRequest, User } from './custom.ts';
import { simulate } from './simulate.ts';

const fleet = fleetOf({
  services: { row: {} },
  users: { writers: { to: 'row', rate: 10 }, readers: { to: 'row', clients: 2 } },
  scenarios: {
    day: { duration: '10s' },
    slow: { duration: '10s', faults: [{ latency: 'row', times: 2, plus: '1s' }] },
  },
});

/** Times that are none, and as they are shown. */
const NO_TIMES: readonly (readonly [unknown, string])[] = [
  [-1, '-1'],
  [NaN, 'NaN'],
  ['5', '"5"'],
  [undefined, 'undefined'],
  [null, 'null'],
  [{}, 'object'],
];

const silent = () => () => {};

interface Own {
  readonly servers?: unknown;
  readonly clients?: unknown;
}

const run =
  (own: Own, scenario = 'day') =>
  (): unknown =>
    simulate(fleet, { scenario, lane: 'holdfast', seed: 1, ...(own as object) });
const withServer = (row: unknown) => run({ servers: { row } });
const serving = (serve: (request: IncomingRequest) => void) => withServer(() => serve);
const withClient = (writers: unknown) => run({ clients: { writers } });

const answersLater = async ({ answer }: IncomingRequest): Promise<void> => {
  await Promise.resolve();
  answer('success');
};

const asksAndFails = async ({ call }: User): Promise<void> => {
  await new Promise<void>((resolve) => {
    call(() => resolve());
  });
  throw new Error('nobody hears this');
};

const fails = (): Promise<void> => Promise.reject(new Error('nobody hears this either'));

describe('a mistake in a server of one’s own', () => {
  test('is a function that is none', () => {
    const servers = new TypeError('servers.row must be a function; got string');
    expect(withServer('fast')).toThrow(servers);
    expect(withServer(null)).toThrow('got null');
    expect(withServer(() => 5)).toThrow('what servers.row returns must be a function; got number');
  });

  test('is a promise: what it awaits would come when the run is over', () => {
    expect(serving(answersLater)).toThrow(
      'the function that servers.row returns must not return a promise',
    );
    const work = serving((request) => request.work(5, () => answersLater(request)));
    expect(work).toThrow('what happens after a delay must not return a promise');
    expect(withServer(async () => {})).toThrow('what servers.row returns must be a function');
  });

  test('is a time that is none, or nothing to do then', () => {
    for (const [time, shown] of NO_TIMES) {
      expect(serving(({ work }) => work(time as number, () => {}))).toThrow(
        `a delay must be 0 ms or more; got ${shown}`,
      );
    }
    const then = undefined as unknown as () => void;
    expect(serving(({ work }) => work(5, then))).toThrow('must be a function; got undefined');
  });

  test('is a time that is none also in a fault, of which more becomes one', () => {
    for (const [time, shown] of NO_TIMES) {
      const slow = () => (request: IncomingRequest) => request.work(time as number, () => {});
      expect(run({ servers: { row: slow } }, 'slow')).toThrow(
        `a delay must be 0 ms or more; got ${shown}`,
      );
    }
  });

  test('is a generator: nobody would go through it', () => {
    const generator = serving(function* ({ answer }) {
      yield answer('success');
    });
    expect(generator).toThrow(
      'the function that servers.row returns must not be a generator: no run goes through one; go on in what `call`, `work` or `after` are given',
    );
    const coming = withClient(async function* ({ call }: User) {
      yield call(() => {});
    });
    expect(coming).toThrow('clients.writers must not be a generator');
  });

  test('is anything but an object that has it by its name: nobody would find it there', () => {
    for (const [servers, shown] of [
      [new Map([['row', silent]]), 'a list or a map'],
      [[silent], 'a list or a map'],
      [silent, 'function'],
      [null, 'null'],
      ['row', 'string'],
    ]) {
      expect(run({ servers })).toThrow(
        new TypeError(`servers must be an object of functions by name; got ${String(shown)}`),
      );
    }
    expect(run({ clients: 5 })).toThrow('clients must be an object of functions by name; got numb');
  });

  test('is an answer that there is not', () => {
    for (const [verdict, shown] of [
      [Object.create(null), 'object'],
      ['ok', '"ok"'],
      [5n, '5'],
      [Symbol('ok'), 'Symbol(ok)'],
    ]) {
      expect(serving(({ answer }) => answer(verdict as 'success'))).toThrow(
        `an answer must be one of success, transient, overload, terminal; got ${String(shown)}`,
      );
    }
  });
});

describe('a mistake in a client of one’s own', () => {
  test('is a function that is none', () => {
    expect(withClient({})).toThrow('clients.writers must be a function; got object');
    const done = undefined as unknown as () => void;
    const untold: CustomClient = ({ call }) => call(done);
    expect(withClient(untold)).toThrow(
      'what is told how a call ended must be a function; got undefined',
    );
  });

  test('is a promise, in an open and in a closed loop, and also one that is rejected', () => {
    expect(withClient(asksAndFails)).toThrow('clients.writers must not return a promise');
    expect(run({ clients: { readers: asksAndFails } })).toThrow('clients.readers must not return');
    expect(withClient(({ call }: User) => call(fails))).toThrow('how a call ended must not return');
    expect(withClient(fails)).toThrow('clients.writers must not return a promise');
  });

  test('is none where something is left out by undefined', () => {
    const own = { servers: { row: undefined }, clients: { writers: undefined } };
    expect(run(own)()).toEqual(run({})());
  });
});
