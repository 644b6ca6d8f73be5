import { stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { circuitBreaker, pipeline, timeout } from '../index.ts';
import { TimerNode } from './clock.ts';
import { Standstills } from './standstills.ts';
import { systemRuntime } from './system.ts';

const { clock } = systemRuntime;

class Alarm extends TimerNode {
  readonly expire: () => void;

  constructor(expire: () => void) {
    super();
    this.expire = expire;
  }
}

function standStill(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Comes from outside of the event loop, as an answer does from the network, and takes so many turns to be read. */
async function answer(turns = 1): Promise<string> {
  await stat('.');
  for (let read = 1; read < turns; read++) await turn();
  return 'answer';
}

describe('a process that stood still', () => {
  test.each([1, 3])('reads what has come before anything expires, in %d turns', async (turns) => {
    const order: string[] = [];
    clock.now();
    const expired = new Promise<void>((resolve) => {
      clock.start(new Alarm(() => resolve(void order.push('timeout'))), 60);
    });
    const answered = answer(turns).then((what) => order.push(what));
    standStill(300);
    await Promise.all([expired, answered]);
    expect(order).toEqual(['answer', 'timeout']);
  });

  test('does so again after a longer one', async () => {
    const calls = pipeline(timeout('200ms'));
    const first = calls.tryCall(() => answer());
    standStill(300);
    await turn();
    const second = calls.tryCall(() => answer(3));
    standStill(1500);
    expect((await first).ok).toBe(true);
    expect((await second).ok).toBe(true);
  });

  test('has its timeouts all the same, though it stands still at every turn', async () => {
    const alarm = new Alarm(() => {});
    const result = pipeline(timeout('100ms')).tryCall(({ signal }) => {
      signal.addEventListener('abort', () => clock.stop(alarm));
      clock.start(alarm, 60_000);
      return new Promise(() => {});
    });
    let turns = 0;
    for (; alarm.timerOwner !== null && turns < 50; turns++) {
      standStill(170);
      await turn();
    }
    expect((await result).verdict).toBe('timeout');
    expect(turns).toBeLessThan(12);
  });

  test('does not take that for slowness of what it called', async () => {
    const breaker = circuitBreaker({ slowCallDuration: '400ms' });
    const calls = pipeline(breaker, timeout('10s'));
    const running = Array.from({ length: 25 }, () => calls.tryCall(() => answer()));
    standStill(900);
    const results = await Promise.all(running);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot!()).toMatchObject({ calls: 25, slow: 0 });
  });

  test('tells for how long', async () => {
    clock.now();
    const alarm = new Alarm(() => {});
    clock.start(alarm, 60_000);
    await turn();
    const before = clock.now();
    standStill(400);
    const overdue = clock.stoodStill!(before);
    await turn();
    await turn();
    const noted = clock.stoodStill!(before);
    clock.stop(alarm);
    // It is known from the tick on that was due next.
    for (const told of [overdue, noted]) expect(told).toBeGreaterThanOrEqual(300);
  });
});

describe('standstills', () => {
  test('are summed up from a moment on', () => {
    const standstills = new Standstills();
    standstills.note(100, 400);
    standstills.note(1000, 1500);
    expect([0, 250, 400, 1400, 1500].map((from) => standstills.since(from))).toEqual([
      800, 650, 500, 100, 0,
    ]);
  });

  test('are forgotten, the oldest first', () => {
    const standstills = new Standstills();
    for (let at = 0; at < 1000; at++) standstills.note(at, at + 1);
    expect(standstills.since(0)).toBe(16);
  });
});
