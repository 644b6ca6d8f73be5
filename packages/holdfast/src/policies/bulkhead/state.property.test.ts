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

/** 10 000 random operations on one bulkhead; answers which rules did not hold after which. */
function torture(releaseOn: 'abandon' | 'settle', seed: number): string[] {
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
  const broken: string[] = [];
  const rule = (holds: boolean, what: string): void => {
    if (!holds) broken.push(`after ${started} calls: ${what}`);
  };

  for (let i = 0; i < 10_000; i++) {
    const dice = random.next();
    if (dice < 0.5) {
      const controller = new AbortController();
      const endsAtOnce = random.next() < 0.2;
      started++;
      waitingFor.add(controller);
      calls.start(
        (attempt) => {
          if (endsAtOnce) return 'now';
          unsettled.add(attempt);
          return pending;
        },
        () => {
          rule(waitingFor.delete(controller), 'a call ends once');
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
    // Whatever was started and has not settled holds a slot, or is a zombie that gave it back.
    const held = releaseOn === 'settle' ? slots.inFlight : slots.inFlight + zombies;
    rule(slots.inFlight <= MAX, 'no more run than may');
    rule(slots.queued <= QUEUE, 'no more wait than may');
    rule(held === unsettled.size, 'every operation that goes on is accounted for');
    rule(slots.queued === 0 || slots.inFlight === MAX, 'nobody waits while a slot is free');
    rule(started - ended === waitingFor.size, 'every call that ended was told');
  }

  runtime.clock.advance(1000);
  rule(ended === started, 'everything settles');
  for (const attempt of unsettled) attempt.fail(new Error('at last'));
  const { inFlight, queued, zombies } = slots.snapshot!();
  rule(inFlight === 0 && queued === 0 && zombies === 0, 'nothing is left');
  rule(runtime.clock.armed === 0, 'no timer is left');
  return broken;
}

describe('10 000 random operations', () => {
  test.each([
    ['abandon', 1],
    ['abandon', 2],
    ['settle', 1],
    ['settle', 2],
  ] as const)('keep every bound and leak nothing, releasing on %s (seed %i)', (releaseOn, seed) => {
    expect(torture(releaseOn, seed)).toEqual([]);
  });
});
