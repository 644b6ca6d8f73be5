import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimerNode } from '../runtime/clock.ts';
import { TestClock } from './test-clock.ts';

class Alarm extends TimerNode {
  readonly ring: () => void;

  constructor(ring: () => void = () => {}) {
    super();
    this.ring = ring;
  }

  expire(): void {
    this.ring();
  }
}

describe('a test clock', () => {
  test('stands still until it is told to advance', () => {
    const clock = new TestClock(5, 1_000_000);
    expect([clock.now(), clock.recent(), clock.wallTime()]).toEqual([5, 5, 1_000_000]);
    clock.advance(10);
    expect([clock.now(), clock.recent(), clock.wallTime()]).toEqual([15, 15, 1_000_010]);
  });

  test('expires timers when they are due, in order, ties as they were armed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 50 }), { maxLength: 100 }), (delays) => {
        const clock = new TestClock();
        const rang: { id: number; at: number }[] = [];
        for (const [id, delay] of delays.entries()) {
          clock.start(new Alarm(() => rang.push({ id, at: clock.now() })), delay);
        }
        clock.advance(25);
        const due = delays
          .map((delay, id) => ({ id, at: Math.max(0, delay) }))
          .filter(({ at }) => at <= 25)
          .toSorted((a, b) => a.at - b.at || a.id - b.id);
        expect(rang).toEqual(due);
        expect(clock.armed).toBe(delays.length - due.length);
      }),
    );
  });

  test('does not expire what was disarmed', () => {
    const clock = new TestClock();
    const alarms = Array.from({ length: 20 }, () => new Alarm(() => expect.unreachable()));
    for (const alarm of alarms) clock.start(alarm, 10);
    for (const alarm of alarms) clock.stop(alarm);
    for (const alarm of alarms) clock.stop(alarm);
    clock.advance(100);
    expect(clock.armed).toBe(0);
    expect(clock.nextDue()).toBe(Infinity);
  });

  test('expires what is armed on the way, and what was armed anew only once', () => {
    const clock = new TestClock();
    const rang: number[] = [];
    const again: Alarm = new Alarm(() => {
      rang.push(clock.now());
      if (rang.length < 3) clock.start(again, 10);
    });
    clock.start(again, 5);
    clock.stop(again);
    clock.start(again, 10);
    clock.advance(100);
    expect(rang).toEqual([10, 20, 30]);
  });

  test('never goes back, also when an expiring timer advances it', () => {
    const clock = new TestClock();
    clock.start(new Alarm(() => clock.advance(1000)), 10);
    clock.advance(20);
    expect(clock.now()).toBe(1010);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(NaN)).toThrow(RangeError);
    expect(clock.now()).toBe(1010);
  });

  test('takes a delay of 0, or one that is no number, for the next turn', () => {
    const clock = new TestClock();
    let rang = 0;
    for (const delay of [0, -10, NaN]) clock.start(new Alarm(() => rang++), delay);
    expect(rang).toBe(0);
    clock.advance(0);
    expect(rang).toBe(3);
  });

  test('lets promises have their turn after each timer, if it is asked to', async () => {
    const clock = new TestClock();
    const order: string[] = [];
    const alarm = (name: string) =>
      new Alarm(() => {
        order.push(name);
        void Promise.resolve().then(() => order.push(`after ${name}`));
      });
    clock.start(alarm('first'), 10);
    clock.start(alarm('second'), 20);
    await clock.advanceAsync(30);
    expect(order).toEqual(['first', 'after first', 'second', 'after second']);
    expect(clock.now()).toBe(30);
  });

  test('expires one timer after another, however late, until none is armed', () => {
    const clock = new TestClock();
    clock.start(new Alarm(() => {}), 10_000);
    expect(clock.expireNext(Infinity)).toBe(true);
    expect(clock.expireNext(Infinity)).toBe(false);
    expect(clock.now()).toBe(10_000);
  });
});
