import { afterEach, describe, expect, test, vi } from 'vitest';
import { AsyncLocalStorage } from 'node:async_hooks';
import { TimerNode } from './clock.ts';
import { systemRuntime } from './system.ts';

const { clock, context } = systemRuntime;

/** What a busy machine may add to a timer, in milliseconds. */
const SCHEDULING = 500;

class Alarm extends TimerNode {
  readonly ring: (alarm: Alarm) => void;
  rings = 0;

  constructor(ring: (alarm: Alarm) => void = () => {}) {
    super();
    this.ring = ring;
  }

  expire(): void {
    this.rings++;
    this.ring(this);
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Catches what would end the process. */
function catchUncaught(): unknown[] {
  const caught: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => caught.push(error));
  restore = () => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  };
  return caught;
}

let restore = () => {};
afterEach(() => restore());

describe('the system clock', () => {
  test('goes on, and tells wall time', async () => {
    const before = clock.now();
    await pause(5);
    expect(clock.now()).toBeGreaterThan(before);
    expect(clock.recent()).toBeGreaterThan(before);
    expect(Math.abs(clock.wallTime() - Date.now())).toBeLessThan(SCHEDULING);
  });

  test('has real timers under fake ones, and when those are gone', async () => {
    // None of another test is left that would do their work.
    await pause(250);
    const rang: string[] = [];
    const rung = (name: string) =>
      new Promise<void>((resolve) => {
        clock.now();
        clock.start(new Alarm(() => resolve(void rang.push(name))), 200);
      });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] });
    const first = rung('under them');
    vi.useRealTimers();
    await Promise.race([first, pause(200 + SCHEDULING)]);
    await Promise.race([rung('after them'), pause(200 + SCHEDULING)]);
    expect(rang).toEqual(['under them', 'after them']);
  });

  test('keeps its last reading fresh while a timer is armed', async () => {
    const alarm = new Alarm();
    clock.now();
    clock.start(alarm, 60_000);
    await pause(400);
    const age = performance.now() - clock.recent();
    clock.stop(alarm);
    // 100 ms by promise; had nothing read the clock, it would be 400.
    expect(age).toBeLessThan(350);
  });

  test.each([1, 7, 30, 104, 250])('rings after %d ms, never early', async (delay) => {
    const startedAt = clock.now();
    const after = await new Promise<number>((resolve) => {
      clock.start(new Alarm(() => resolve(performance.now() - startedAt)), delay);
    });
    expect(after).toBeGreaterThanOrEqual(delay);
    expect(after).toBeLessThan(delay + Math.max(5, 0.01 * delay) + SCHEDULING);
  });

  test('does not ring early for what is beyond 2^31 ms', async () => {
    const alarms = [2 ** 31, 2 ** 31 + 1, 2 ** 32 + 10, Number.MAX_SAFE_INTEGER].map((delay) => {
      const alarm = new Alarm();
      clock.now();
      clock.start(alarm, delay);
      return alarm;
    });
    await pause(250);
    expect(alarms.map(({ rings }) => rings)).toEqual([0, 0, 0, 0]);
    for (const alarm of alarms) clock.stop(alarm);
  });

  test.each([0, -1, NaN])('rings in the next turn for a delay of %d', async (delay) => {
    const alarm = new Alarm();
    clock.start(alarm, delay);
    expect(alarm.rings).toBe(0);
    await turn();
    await turn();
    expect(alarm.rings).toBe(1);
    expect(alarm.timerOwner).toBeNull();
  });

  test.each([20, 0, NaN])(
    'rings for whom no process stays, after %d ms, unless it is stopped',
    async (delay) => {
      const [rings, stopped, held] = [new Alarm(), new Alarm(), new Alarm()];
      clock.now();
      clock.startUnref!(rings, delay);
      clock.startUnref!(stopped, delay);
      clock.start(held, 60_000);
      clock.stop(stopped);
      clock.stop(held);
      await vi.waitFor(() => expect(rings.rings).toBe(1), SCHEDULING * 4);
      expect([stopped.rings, held.rings]).toEqual([0, 0]);
    },
  );

  test('does not ring for what was stopped, whether it was for later or for the next turn', async () => {
    const alarms = [new Alarm(), new Alarm()];
    clock.now();
    clock.start(alarms[0]!, 0);
    clock.start(alarms[1]!, 20);
    for (const alarm of alarms) clock.stop(alarm);
    for (const alarm of alarms) clock.stop(alarm);
    await pause(60);
    expect(alarms.map(({ rings }) => rings)).toEqual([0, 0]);
  });

  test('lets ten thousand that are due expire in chunks, with other work between them', async () => {
    let inThisTurn = 0;
    let longest = 0;
    const alarms = Array.from(
      { length: 10_000 },
      () => new Alarm(() => (longest = Math.max(longest, ++inThisTurn))),
    );
    clock.now();
    for (const alarm of alarms) clock.start(alarm, 20);
    let rang = 0;
    for (let turns = 0; rang < 10_000 && turns < 100_000; turns++) {
      await turn();
      inThisTurn = 0;
      rang = alarms.reduce((sum, { rings }) => sum + rings, 0);
    }
    expect(alarms.every(({ rings }) => rings === 1)).toBe(true);
    // A turn of ours may fall between two of the clock's.
    expect(longest).toBeLessThanOrEqual(2 * 256);
  });

  test('lets one that expires stop another that is due in the same turn', async () => {
    const other = new Alarm();
    const first = new Alarm(() => clock.stop(other));
    clock.now();
    clock.start(first, 10);
    clock.start(other, 10);
    await pause(60);
    expect([first.rings, other.rings]).toEqual([1, 0]);
  });

  test('lets one that expires start itself and others anew', async () => {
    const other = new Alarm();
    const again = new Alarm((alarm) => {
      if (alarm.rings === 1) {
        clock.start(alarm, 10);
        clock.start(other, 0);
      }
    });
    clock.now();
    clock.start(again, 10);
    await vi.waitFor(() => expect([again.rings, other.rings]).toEqual([2, 1]), SCHEDULING * 4);
  });

  test('goes on with the rest when one throws', async () => {
    const caught = catchUncaught();
    const alarms = [0, 10].flatMap((delay) => {
      const broken = new Alarm(() => {
        throw new Error(`after ${delay}`);
      });
      const healthy = new Alarm();
      clock.now();
      for (const alarm of [broken, healthy]) clock.start(alarm, delay);
      return [broken, healthy];
    });
    await vi.waitFor(() => expect(alarms.map(({ rings }) => rings)).toEqual([1, 1, 1, 1]), 2000);
    expect(caught).toEqual([new Error('after 0'), new Error('after 10')]);
  });

  test('rings for a short timer that is armed beside a long one', async () => {
    const long = new Alarm();
    clock.now();
    clock.start(long, 60_000);
    await pause(20);
    const startedAt = clock.now();
    const after = await new Promise<number>((resolve) => {
      clock.start(new Alarm(() => resolve(performance.now() - startedAt)), 10);
    });
    clock.stop(long);
    expect(after).toBeGreaterThanOrEqual(10);
    expect(after).toBeLessThan(10 + SCHEDULING);
  });
});

describe('the system’s randomness', () => {
  test('is in [0, 1), also when forked', () => {
    const forked = systemRuntime.random.fork('retry');
    for (const random of [systemRuntime.random, forked]) {
      const drawn = Array.from({ length: 100 }, () => random.next());
      expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
      expect(new Set(drawn).size).toBeGreaterThan(50);
    }
  });
});

describe('the system’s async context', () => {
  test('is captured, and work can be run in it later', () => {
    const store = new AsyncLocalStorage<string>();
    const captured = store.run('mine', () => context.capture());
    store.run('yours', () => {
      context.run(
        captured,
        (argument) => expect([store.getStore(), argument]).toEqual(['mine', 1]),
        1,
      );
      context.run(null, () => expect(store.getStore()).toBe('yours'), undefined);
    });
    expect.assertions(2);
  });

  test('has variables that follow it, independent of each other', async () => {
    const [one, other] = [context.variable!<number>(), context.variable!<number>()];
    await one.run(1, async () => {
      await Promise.resolve();
      expect([one.get(), other.get()]).toEqual([1, undefined]);
      expect(one.run(2, () => one.get())).toBe(2);
      expect(one.get()).toBe(1);
    });
    expect(one.get()).toBe(undefined);
  });
});
