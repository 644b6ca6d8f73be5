import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimerNode } from './clock.ts';
import { TimerLists } from './timer-lists.ts';

class Node extends TimerNode {
  readonly id: number;

  constructor(id: number) {
    super();
    this.id = id;
  }

  expire(): void {}
}

/** The latest that a timer may be, by the promise of `Clock.start`. */
const lateness = (delay: number) => Math.max(5, 0.01 * delay);
const delays = fc.oneof(
  fc.integer({ min: 1, max: 2000 }),
  fc.double({ min: 0.001, max: 1e9, noNaN: true }),
  fc.constantFrom(5, 250, 1000, 1001, 9999, 10_000, 10_001, 2 ** 31, 2 ** 31 + 1, 1e13),
);

function takeAll(lists: TimerLists, now: number): Node[] {
  const taken: Node[] = [];
  for (let node = lists.takeDue(now); node !== null; node = lists.takeDue(now)) {
    taken.push(node as Node);
  }
  return taken;
}

describe('a timer', () => {
  test('is never early, and late by at most max(5 ms, 1 %)', () => {
    fc.assert(
      fc.property(delays, fc.double({ min: 0, max: 1e9, noNaN: true }), (delay, now) => {
        const due = new TimerLists().add(new Node(0), delay, now) - now;
        const rounding = 1e-6 * (1 + now * 1e-6);
        expect(due).toBeGreaterThanOrEqual(delay - rounding);
        expect(due).toBeLessThanOrEqual(delay + lateness(delay) + rounding);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([5, 250, 995, 1000, 1500, 5000, 30_000, 60_000, 300_000, 3_600_000])(
    'of %d ms, as people write them, is exact',
    (delay) => expect(new TimerLists().add(new Node(0), delay, 0)).toBe(delay),
  );

  test('beyond 2^31 ms does not expire early', () => {
    const lists = new TimerLists();
    const delay = 2 ** 31 + 5;
    lists.add(new Node(0), delay, 0);
    expect(lists.takeDue(2 ** 31)).toBeNull();
    expect(lists.nextDue()).toBeGreaterThanOrEqual(delay);
  });
});

type Step =
  | { readonly kind: 'add'; readonly delay: number }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), delay: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 2000 }) }),
  ),
  { maxLength: 60 },
);

describe('many timers', () => {
  test('behave as a plain list of them would', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const lists = new TimerLists();
        let model: { readonly node: Node; readonly due: number }[] = [];
        let now = 0;
        let early = 0;
        let missed = 0;
        for (const step of run) {
          if (step.kind === 'add') {
            const node = new Node(model.length);
            model.push({ node, due: lists.add(node, step.delay, now) });
          } else if (step.kind === 'remove' && model.length > 0) {
            const [entry] = model.splice(step.which % model.length, 1);
            lists.remove(entry!.node);
          } else if (step.kind === 'pass') {
            now += step.ms;
            const due = model.filter((entry) => entry.due <= now).map(({ node }) => node);
            model = model.filter((entry) => entry.due > now);
            early += takeAll(lists, now).filter((node) => !due.includes(node)).length;
            missed += due.filter(({ timerOwner }) => timerOwner !== null).length;
          }
          expect({ early, missed }).toEqual({ early: 0, missed: 0 });
          expect(lists.armed).toBe(model.length);
          expect(lists.nextDue()).toBe(Math.min(Infinity, ...model.map(({ due }) => due)));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of one duration expire in the order in which they were armed', () => {
    const lists = new TimerLists();
    for (let id = 0; id < 100; id++) lists.add(new Node(id), 100, id);
    expect(takeAll(lists, 1000).map(({ id }) => id)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  test('that were disarmed leave no list behind', () => {
    const lists = new TimerLists();
    const node = new Node(0);
    for (let delay = 5; delay <= 1000; delay += 5) {
      lists.add(node, delay, 0);
      lists.remove(node);
    }
    expect(lists.nextDue()).toBe(Infinity);
    // The list that was used last is not used again once it is forgotten.
    lists.add(node, 1000, 0);
    expect(lists.nextDue()).toBe(1000);
    expect(lists.takeDue(1000)).toBe(node);
  });

  test('are disarmed a second time without harm', () => {
    const lists = new TimerLists();
    const node = new Node(0);
    lists.add(node, 5, 0);
    lists.remove(node);
    lists.remove(node);
    expect(lists.armed).toBe(0);
  });
});
