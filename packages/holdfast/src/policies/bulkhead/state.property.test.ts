import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CRITICALITIES } from '../../core/operation.ts';
import {
  type Attempt,
  bulkhead,
  circuitBreaker,
  deadline,
  pending,
  pipeline,
  timeout,
} from '../../index.ts';
import { seededRandom } from '../../runtime/random.ts';
import { testRuntime } from '../../testing/index.ts';
import { type Waiter, WaitQueue } from './state.ts';

class Item implements Waiter<Item> {
  readonly rank: number;
  previousWaiter: Item | null = null;
  nextWaiter: Item | null = null;

  constructor(rank: number) {
    this.rank = rank;
  }
}

describe('the queue', () => {
  test('is the list of its waiters, sorted by rank and then by arrival', () => {
    const step = fc.record({ add: fc.boolean(), rank: fc.nat(3), which: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new WaitQueue<Item>(4);
        let model: Item[] = [];
        const gone: Item[] = [];
        for (const { add, rank, which } of steps) {
          if (add || model.length === 0) {
            const item = new Item(rank);
            queue.add(item);
            model = [...model, item].toSorted((a, b) => a.rank - b.rank);
          } else {
            const item = model[which % model.length]!;
            queue.remove(item);
            gone.push(item);
            model = model.filter((other) => other !== item);
          }
          const lower = model.filter((item) => item.rank > rank);
          expect(queue.length).toBe(model.length);
          expect(queue.first()).toBe(model[0] ?? null);
          expect(queue.lastBelow(rank)).toBe(lower.at(-1) ?? null);
          expect(queue.all()).toEqual(model);
          expect(model.every((item) => queue.holds(item))).toBe(true);
          expect(gone.some((item) => queue.holds(item))).toBe(false);
        }
      }),
      { numRuns: 200, seed: 20_240_602 },
    );
  });
});

/** 10 000 random operations on one bulkhead; the rules that must hold after each. */
function torture(releaseOn: 'abandon' | 'settle', seed: number): void {
  const MAX = 5;
  const QUEUE = 8;
  const random = seededRandom(seed);
  const runtime = testRuntime(seed);
  const slots = bulkhead({ maxConcurrent: MAX, maxQueue: QUEUE, releaseOn }, runtime);
  const breaker = circuitBreaker(
    { kind: 'consecutive', consecutiveFailures: 3, cooldown: 20, successesToClose: 1 },
    runtime,
  );
  const calls = pipeline(deadline(200, runtime), slots, breaker, timeout(100, runtime));
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
  /** Operations that were started and have not settled, abandoned ones included. */
  const unsettled = new Set<Attempt>();
  const waitingFor = new Set<AbortController>();
  let started = 0;
  let ended = 0;

  for (let i = 0; i < 10_000; i++) {
    const dice = random.next();
    if (dice < 0.5) {
      const controller = new AbortController();
      const endsAtOnce = random.next() < 0.2;
      let ends = 0;
      started++;
      waitingFor.add(controller);
      calls.start(
        (attempt) => {
          if (endsAtOnce) return 'now';
          unsettled.add(attempt);
          return pending;
        },
        () => {
          expect(++ends).toBe(1);
          waitingFor.delete(controller);
          ended++;
        },
        { criticality: pick(CRITICALITIES), signal: controller.signal },
      );
    } else if (dice < 0.8 && unsettled.size > 0) {
      const attempt = pick([...unsettled]);
      unsettled.delete(attempt);
      if (random.next() < 0.7) attempt.succeed(1);
      else attempt.fail(new Error('down'));
    } else if (dice < 0.9 && waitingFor.size > 0) {
      pick([...waitingFor]).abort();
    } else {
      runtime.clock.advance(Math.floor(random.next() * 30));
    }
    const { zombies } = slots.snapshot!() as { zombies: number };
    expect(slots.inFlight).toBeLessThanOrEqual(MAX);
    expect(slots.queued).toBeLessThanOrEqual(QUEUE);
    // Whatever was started and has not settled holds a slot, or is a zombie that gave it back.
    const held = releaseOn === 'settle' ? slots.inFlight : slots.inFlight + zombies;
    expect(held).toBe(unsettled.size);
    expect(slots.queued === 0 || slots.inFlight === MAX).toBe(true);
    expect(started - ended).toBe(waitingFor.size);
  }

  runtime.clock.advance(1000);
  expect(ended).toBe(started);
  for (const attempt of unsettled) attempt.fail(new Error('at last'));
  expect(slots.snapshot!()).toMatchObject({ inFlight: 0, queued: 0, zombies: 0 });
  expect(runtime.clock.armed).toBe(0);
}

describe('10 000 random operations', () => {
  test.each([
    ['abandon', 1],
    ['abandon', 2],
    ['settle', 1],
    ['settle', 2],
  ] as const)('keep every bound and leak nothing, releasing on %s (seed %i)', (releaseOn, seed) => {
    torture(releaseOn, seed);
  });
});
