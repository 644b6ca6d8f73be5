import fc from 'fast-check';
import { TimerNode } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { TimerCalendar } from './timer-calendar.ts';
import { VirtualClock } from './virtual-clock.ts';

class Alarm extends TimerNode {
  readonly ring: () => void;

  constructor(ring: () => void) {
    super();
    this.ring = ring;
  }

  expire(): void {
    this.ring();
  }
}

function house() {
  const clock = new VirtualClock();
  const rung: (string | number)[] = [];
  const alarm = (name: string) => new Alarm(() => rung.push(name, clock.now()));
  return { clock, rung, alarm };
}

describe('a virtual clock', () => {
  test('lets timers expire exactly when they are due, and then stands where it was told to', () => {
    const { clock, rung, alarm } = house();
    clock.start(alarm('b'), 20);
    clock.start(alarm('a'), 0.5);
    clock.start(alarm('late'), 20.25);
    clock.run(20);
    expect(rung).toEqual(['a', 0.5, 'b', 20]);
    expect([clock.now(), clock.recent(), clock.wallTime(), clock.events]).toEqual([20, 20, 20, 2]);
    clock.run(30);
    expect(rung.slice(4)).toEqual(['late', 20.25]);
    expect(clock.now()).toBe(30);
  });

  test('lets those of one moment expire in the order in which they were armed', () => {
    const { clock, rung, alarm } = house();
    clock.start(alarm('first'), 10);
    clock.run(7.5);
    clock.start(alarm('second'), 2.5);
    clock.run(8);
    clock.start(alarm('third'), 2);
    clock.start(alarm('fourth'), 2);
    clock.run(9.75);
    clock.start(alarm('fifth'), 0.25);
    clock.start(alarm('sixth'), 0.25);
    clock.run(10);
    expect(rung.filter((one) => typeof one === 'string')).toEqual([
      'first',
      'second',
      'third',
      'fourth',
      'fifth',
      'sixth',
    ]);
  });

  test('does so also where a list has stood in the calendar for longer than another timer', () => {
    const { clock, rung, alarm } = house();
    clock.start(alarm('head'), 4);
    clock.run(1);
    clock.start(alarm('alone'), 4.5);
    clock.run(1.5);
    clock.start(alarm('second'), 4);
    clock.run(10);
    expect(rung).toEqual(['head', 4, 'alone', 5.5, 'second', 5.5]);
  });

  test('takes a delay that is lost on the time for none', () => {
    const clock = new VirtualClock();
    const rung: string[] = [];
    clock.run(1);
    for (const delay of [0, 5e-324, 0]) {
      clock.start(new Alarm(() => rung.push(`after ${delay}`)), delay);
    }
    clock.run(1);
    expect(rung).toEqual(['after 0', 'after 5e-324', 'after 0']);
  });

  test('takes no time for what is due at once, or should have been', () => {
    const { clock, rung, alarm } = house();
    clock.run(5);
    for (const [name, delay] of Object.entries({ zero: 0, past: -1, nothing: NaN })) {
      clock.start(alarm(name), delay);
    }
    clock.run(5);
    expect(rung).toEqual(['zero', 5, 'past', 5, 'nothing', 5]);
  });

  test('never lets a timer of no end expire', () => {
    const { clock, rung, alarm } = house();
    const never = alarm('never');
    clock.start(never, Infinity);
    clock.run(1e15);
    clock.run(Infinity);
    clock.stop(never);
    expect(rung).toEqual([]);
  });

  test('stops a simulation in which time stands still', () => {
    const clock = new VirtualClock();
    const again: Alarm = new Alarm(() => clock.start(again, 0));
    clock.start(again, 3);
    const stopped = {
      name: 'RangeError',
      message: expect.stringContaining('stands still at 3 ms'),
    };
    expect(() => clock.run(10)).toThrow(expect.objectContaining(stopped));
  });
});

type How = 'start' | 'startDrawn';
type Step =
  | { readonly kind: 'start'; readonly how: How; readonly delay: number }
  | { readonly kind: 'stop' | 'restart'; readonly which: number }
  | { readonly kind: 'run'; readonly ms: number };

/** Parts of a millisecond that add up exactly: where sums are rounded, the model has no order either. */
const fractions = (max: number) => fc.integer({ min: 0, max: 1024 * max }).map((n) => n / 1024);
const delays = fc.oneof(
  fc.constantFrom(5, 7.5, 10, 1000, 4096, 100_000),
  fc.integer({ min: 0, max: 2000 }),
  fractions(2000),
  fractions(20_000),
);
const spans = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constant(30_000), fractions(2));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('start' as const),
      how: fc.constantFrom<How>('start', 'startDrawn'),
      delay: delays,
    }),
    fc.record({ kind: fc.constantFrom('stop' as const, 'restart' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('run' as const), ms: spans }),
  ),
  { minLength: 20, maxLength: 400 },
);

describe('many timers', () => {
  test('expire as those of a plain list that is searched each time', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new VirtualClock();
        const rung: { id: number; due: number }[] = [];
        const expected: { id: number; due: number }[] = [];
        const nodes: Alarm[] = [];
        let model: { id: number; due: number }[] = [];
        const arm = (id: number, delay: number, how: How = 'start') => {
          clock[how](nodes[id]!, delay);
          model.push({ id, due: clock.now() + delay });
        };
        for (const step of all) {
          if (step.kind === 'start') {
            const id = nodes.length;
            nodes.push(new Alarm(() => rung.push({ id, due: clock.now() })));
            arm(id, step.delay, step.how);
          } else if (step.kind === 'run') {
            const until = clock.now() + step.ms;
            clock.run(until);
            const due = model.filter((one) => one.due <= until).toSorted((a, b) => a.due - b.due);
            expected.push(...due);
            model = model.filter((one) => one.due > until);
          } else if (nodes.length > 0) {
            const id = step.which % nodes.length;
            clock.stop(nodes[id]!);
            model = model.filter((one) => one.id !== id);
            if (step.kind === 'restart') arm(id, step.which % 1500);
          }
          expect(rung).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('that were disarmed do not fill the calendar', () => {
    const calendar = new TimerCalendar();
    for (let i = 0; i < 10_000; i++) {
      const node = new Alarm(() => {});
      calendar.arm(node, i, 0);
      node.timerOwner!.remove(node);
    }
    expect(calendar.size).toBeLessThan(200);
  });

  test('may be armed again, and then are due when they were told last', () => {
    const calendar = new TimerCalendar();
    const node = new Alarm(() => {});
    for (const due of [1, 7, 3]) {
      calendar.arm(node, due, 0);
      calendar.remove(node);
    }
    calendar.arm(node, 5, 0);
    expect([calendar.size, calendar.nextDue(100)]).toEqual([1, 5]);
    expect([calendar.take(node), calendar.size]).toEqual([true, 0]);
  });

  test('that were disarmed do not expire, by themselves or in a list', () => {
    const { clock, rung, alarm } = house();
    for (let i = 0; i < 100_000; i++) {
      const node = alarm('disarmed');
      // In a list, by itself on a later day, and by itself on the day that has begun.
      clock.start(node, [1000, 1000 + i / 100_000, (i + 1) / 200_000][i % 3]!);
      clock.stop(node);
      clock.stop(node);
    }
    clock.start(alarm('kept'), 500);
    clock.start(alarm('far'), 50_000.5);
    clock.run(100_000);
    expect(rung).toEqual(['kept', 500, 'far', 50_000.5]);
    expect(clock.events).toBe(2);
  });

  test('of more durations than get a list keep their order', () => {
    const { clock } = house();
    const due: number[] = [];
    for (let delay = 2000; delay > 0; delay--) {
      clock.start(new Alarm(() => due.push(clock.now())), delay);
    }
    clock.run(2000);
    expect(due).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  });
});
