import type { IncomingMessage, ServerResponse } from 'node:http';
import { seededRandom } from 'holdfast';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../src/spec/model.ts';
import { edge, fixed, service } from '../test/worlds.ts';
import { type Outbound, REMAINING } from './outbound.ts';
import { Server, type ServerOptions } from './server.ts';

/** Time that a test moves. */
class HandTime {
  #now = 0;
  readonly #waiting: { readonly due: number; readonly go: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  until(due: number): Promise<void> {
    return new Promise((go) => this.#waiting.push({ due, go }));
  }

  async to(now: number): Promise<void> {
    this.#now = now;
    for (const { due, go } of this.#waiting) if (due <= now) go();
    // Everything that follows from it without waiting.
    await new Promise((done) => setImmediate(done));
  }
}

type Answers = (number | 'reset')[];

function serverOf(parts: Parameters<typeof service>[1], more: Partial<ServerOptions> = {}) {
  const time = new HandTime();
  const answers: Answers = [];
  const server = new Server({
    service: service('stock', { serviceTime: fixed(10), ...parts }),
    replica: 0,
    time,
    random: seededRandom(1),
    stages: [],
    ...more,
  });
  const ask = (remaining?: number): void => {
    const headers = remaining === undefined ? {} : { [REMAINING]: String(remaining) };
    const socket = { resetAndDestroy: () => answers.push('reset') };
    const response = {
      writeHead: (status: number) => ({ end: () => answers.push(status) }),
    };
    server.receive(
      { headers, socket } as unknown as IncomingMessage,
      response as unknown as ServerResponse,
    );
  };
  return { server, time, answers, ask };
}

const fault = (parts: object): Fault =>
  ({ path: [], on: 'stock', from: 0, to: 9, ...parts }) as unknown as Fault;

/** A client whose calls end as a test says, at once. */
function client(ok: boolean, own: Parameters<typeof edge>[2] = {}) {
  const calls: number[] = [];
  const call = (remaining: number): Promise<boolean> => {
    calls.push(remaining);
    return Promise.resolve(ok);
  };
  return { calls, outbound: { edge: edge('stock', 'depot', own), call } as unknown as Outbound };
}

describe('a replica', () => {
  test('works on as many as it has workers, lets as many wait as may, and turns the rest away', async () => {
    const { time, answers, ask } = serverOf({ workers: 2, queue: { max: 1 } });
    for (let i = 0; i < 4; i++) ask();
    expect(answers).toEqual([503]);
    await time.to(10);
    expect(answers).toEqual([503, 200, 200]);
    await time.to(20);
    expect(answers).toEqual([503, 200, 200, 200]);
  });

  test('without a line takes in whom it has a worker for', async () => {
    const { time, answers, ask } = serverOf({ queue: { max: 0 } });
    ask();
    ask();
    expect(answers).toEqual([503]);
    await time.to(10);
    expect(answers).toEqual([503, 200]);
  });

  test('drops what is too late when its turn comes, if the spec says so', async () => {
    for (const [checksDeadline, last] of [
      [true, 500],
      [false, 200],
    ] as const) {
      const { time, answers, ask } = serverOf({ queue: { checksDeadline } });
      ask();
      ask(10);
      await time.to(10);
      await time.to(20);
      expect(answers.toSorted()).toEqual([200, last]);
    }
  });

  test('drops at its turn what has less time left than serving usually takes', async () => {
    const { time, answers, ask } = serverOf({ queue: { checksDeadline: true } });
    ask();
    ask(15);
    await time.to(10);
    expect(answers.toSorted()).toEqual([200, 500]);
    // Who finds a worker is tried.
    ask(5);
    await time.to(20);
    expect(answers.toSorted()).toEqual([200, 200, 500]);
  });

  test('makes its calls, hands on the time that is left, and holds the worker meanwhile', async () => {
    const [one, two] = [client(true, { times: 2 }), client(true)];
    const stages = [[one.outbound], [two.outbound]];
    const { time, answers, ask } = serverOf({}, { stages });
    ask(100);
    ask(200);
    await time.to(10);
    expect(answers).toEqual([200]);
    expect([one.calls, two.calls]).toEqual([[90, 90], [90]]);
    await time.to(20);
    expect(two.calls).toEqual([90, 180]);
  });

  test('fails with a call that it needs, and not with one that it can do without', async () => {
    for (const [optional, status] of [
      [true, 200],
      [false, 500],
    ] as const) {
      const { time, answers, ask } = serverOf(
        {},
        { stages: [[client(false, { optional }).outbound]] },
      );
      ask();
      await time.to(10);
      expect(answers).toEqual([status]);
    }
  });
});

describe('a fault', () => {
  test('of latency makes work longer that begins meanwhile', async () => {
    const { server, time, answers, ask } = serverOf({ workers: 2 });
    const undo = server.begin(fault({ kind: 'latency', times: 3, plus: fixed(5) }));
    ask();
    undo();
    ask();
    await time.to(10);
    expect(answers).toEqual([200]);
    await time.to(34);
    expect(answers).toEqual([200]);
    await time.to(35);
    expect(answers).toEqual([200, 200]);
  });

  test('of capacity takes workers from each replica in its turn, and gives them back', async () => {
    const { server, time, answers, ask } = serverOf({ workers: 3, replicas: 2 }, { replica: 1 });
    const undo = server.begin(fault({ kind: 'capacity', share: 0.5 }));
    // 3 of 6 are left: round(1.5) of the first replica, and one less of the second.
    ask();
    ask();
    await time.to(10);
    expect(answers).toEqual([200]);
    ask();
    undo();
    await time.to(20);
    expect(answers).toEqual([200, 200, 200]);
  });

  test.each<[string, Answers, Answers]>([
    ['refuse', [200], []],
    ['reset', ['reset'], ['reset']],
    ['hang', [], []],
  ])(
    'that is an outage, %s: what becomes of who was there, and of who comes',
    async (how, was, comes) => {
      const { server, time, answers, ask } = serverOf({});
      ask();
      const undo = server.begin(fault({ kind: 'outage', how }));
      await time.to(10);
      expect(answers).toEqual(was);
      // Nobody gets here through a closed door.
      if (how !== 'refuse') ask();
      expect(answers).toEqual([...was, ...comes]);
      undo();
      ask();
      await time.to(20);
      expect(answers.at(-1)).toBe(200);
    },
  );

  test('that cannot be staged is an error', () => {
    expect(() => serverOf({}).server.begin(fault({ kind: 'crash', replicas: 1 }))).toThrow(
      "'crash'",
    );
  });
});
