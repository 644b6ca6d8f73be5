import { seededRandom } from 'holdfast';
import type { Probe } from '../../packages/lab/src/simulate/probe.ts';
import { simulate } from '../../packages/lab/src/simulate/simulate.ts';
import { createWorld, type World } from '../../packages/lab/src/simulate/world.ts';
import { fleetOf } from '../../packages/lab/src/spec/fleet.ts';
import type { Fleet } from '../../packages/lab/src/spec/model.ts';
import { type Event, EventHeap } from '../event-heap.ts';
import { Heap } from '../heap.ts';
import { bytesHeld, collectGarbage } from '../measure.ts';
import type { Goal, Job, Samples, Scenario } from '../scenario.ts';

/**
 * The fleets that are timed. A round is a whole run, and the first ones only warm up. Promised are at most
 * `ratio` times the minimum, and `atLeast` attempts a second.
 */
const SIZES = [
  {
    metric: 'small',
    rate: 'smallRate',
    clients: 1000,
    warmUp: 10,
    rounds: 15,
    ratio: 2.5,
    atLeast: 1_360_000,
  },
  {
    metric: 'large',
    rate: 'largeRate',
    clients: 10_000,
    warmUp: 2,
    rounds: 3,
    ratio: 4,
    atLeast: 600_000,
  },
] as const;
type Size = (typeof SIZES)[number];
/** Virtual milliseconds of a run; where there is an outage, it is the middle third. */
const DURATION = 60_000;
/** Drawn times for the minimum, which uses them over and over. */
const TIMES = 4096;
/** A heap that is shown beside the minimum, and that no goal is a ratio to: no simulator could do with it. */
const WITHOUT_ORDER = 'heap without order';
/** Clients whose heap is weighed. */
const IDLE = 10_000;

const METRICS = {
  small: 'ns an event, 1,000 clients',
  large: 'ns an event, 10,000 clients',
  smallRate: 'attempts/s, 1,000',
  largeRate: 'attempts/s, 10,000',
};
const NOTES = [
  'The minimum is [bench/event-heap.ts](../../bench/event-heap.ts), a heap as a simulator needs one: of one object an event, where what was put first at one moment happens first. It handles as many events, with one pending for each client, and does nothing at them.',
  `'${WITHOUT_ORDER}' is [bench/heap.ts](../../bench/heap.ts), the least that we can make of one: its times lie side by side, and of those at one moment any may come first. [Why it is not the minimum](../decisions/0013-measured-against-a-heap-in-order.md).`,
  'Each client thinks for a second on average, and has a retry, a retry budget, a breaker and a timeout of its own.',
  'An event is a timer that expires. Timers that are stopped before they expire, as nearly all timeouts are, come on top.',
];

export const simulateScenario: Scenario = {
  name: 'simulate',
  title: 'the simulator: clients in a closed loop, 60 virtual seconds',
  metrics: { ...METRICS, heap: 'B an idle client', storm: 's of a retry storm' },
  goals: [
    ...SIZES.map(ratioGoal),
    ...SIZES.map(rateGoal),
    { name: 'idle client, B', metric: 'heap', of: 'ours', bound: 700 },
    { name: 'retry storm of 10,000 clients, s', metric: 'storm', of: 'ours', bound: 10 },
  ],
  notes: [
    ...NOTES,
    'Each attempt has two events.',
    'The storm is a whole run of `holdfast simulate` without its report: 10,000 clients in the lane `naive`.',
  ],
  processes: 2,
  measure: async ({ seed }: Job): Promise<Samples> => {
    const sizes = timeSizes('calm', seed);
    const heap = { ours: [await weighClient()] };
    return { ...sizes, heap, storm: { ours: [timeStorm(seed), timeStorm(seed)] } };
  },
};

/** In a process of its own: what the compiler has learned from the one run is not at its best for the other. */
export const outageScenario: Scenario = {
  name: 'simulate-outage',
  title: 'the same with an outage of 20 s',
  metrics: METRICS,
  goals: [],
  notes: [
    ...NOTES,
    'The breakers open within seconds of the outage, and their default cooldown of 30 s outlasts it. So most calls are refused, and a refused call has only one event: there is no goal for its ratio.',
  ],
  processes: 2,
  measure: ({ seed }: Job): Promise<Samples> => Promise.resolve(timeSizes('outage', seed)),
};

function ratioGoal({ metric, clients, ratio: bound }: Size): Goal {
  const name = `${clients.toLocaleString('en')} clients, ratio to a heap`;
  return { name, metric, of: 'ours', per: 'limit', bound };
}

function rateGoal({ rate, clients, atLeast: bound }: Size): Goal {
  const name = `${clients.toLocaleString('en')} clients, attempts/s`;
  return { name, metric: rate, of: 'ours', bound, atLeast: true };
}

function timeSizes(scenario: string, seed: number): Samples {
  const samples: Record<string, Record<string, number[]>> = {};
  const add = (metric: string, name: string, figure: number): void => {
    ((samples[metric] ??= {})[name] ??= []).push(figure);
  };
  for (const { metric, rate, clients, warmUp, rounds } of SIZES) {
    for (let round = -warmUp; round < rounds; round++) {
      // No forced collection: with a world that is gone goes the code that was compiled for it.
      const { events, attempts, ms } = timeWorld(clients, scenario, seed);
      const limit = timeEventHeap(clients, events, seed);
      const withoutOrder = timeHeap(clients, events, seed);
      if (round < 0) continue;
      add(metric, 'limit', (1e6 * limit) / events);
      add(metric, WITHOUT_ORDER, (1e6 * withoutOrder) / events);
      add(metric, 'ours', (1e6 * ms) / events);
      add(rate, 'ours', (1000 * attempts) / ms);
    }
  }
  return samples;
}

/** Clients that ask, think for the mean time, and ask again, in one scenario with an outage in the middle. */
function fleetWith(clients: number, think: string | { exponential: string }): Fleet {
  return fleetOf({
    name: 'bench',
    services: {
      api: { workers: clients, serviceTime: { exponential: '20ms' }, queue: { max: 'unbounded' } },
    },
    users: {
      robots: {
        to: 'api',
        clients,
        think,
        idempotent: true,
        policy: { timeout: '1s', deadline: false, bulkhead: false },
      },
    },
    scenarios: {
      calm: { duration: DURATION },
      outage: {
        duration: DURATION,
        faults: [{ outage: 'api', how: 'reset', from: DURATION / 3, to: (2 * DURATION) / 3 }],
      },
    },
  });
}

function worldOf(fleet: Fleet, name: string, seed: number, probe: Probe): World {
  const [scenario, lane] = [fleet.scenarios.get(name)!, fleet.lanes.get('holdfast')!];
  return createWorld({ fleet, scenario, lane, seed, probe });
}

function timeWorld(
  clients: number,
  scenario: string,
  seed: number,
): { events: number; attempts: number; ms: number } {
  const counter = new Counter();
  const world = worldOf(fleetWith(clients, { exponential: '1s' }), scenario, seed, counter);
  const begin = performance.now();
  world.run(DURATION);
  return { events: world.events, attempts: counter.attempts, ms: performance.now() - begin };
}

/** Milliseconds for so many events of a heap in which `pending` wait; their times are drawn before. */
function timeEventHeap(pending: number, events: number, seed: number): number {
  const times = drawnTimes(seed);
  const heap = new EventHeap();
  for (let order = 0; order < pending; order++) heap.push({ due: times[order % TIMES]!, order });
  // A few thousandths of a second are too few to be compiled and measured in one go.
  passInOrder(heap, times, events);
  const begin = performance.now();
  passInOrder(heap, times, events);
  return performance.now() - begin;
}

/** Each event happens again later, so that none has to be made. */
function passInOrder(heap: EventHeap, times: Float64Array, events: number): void {
  for (let i = 0; i < events; i++) {
    const event: Event = heap.pop();
    event.due += times[i % TIMES]!;
    event.order = events + i;
    heap.push(event);
  }
}

/** The same for the heap without order. */
function timeHeap(pending: number, events: number, seed: number): number {
  const times = drawnTimes(seed);
  const heap = new Heap<object>();
  for (let i = 0; i < pending; i++) heap.push(times[i % TIMES]!, { i });
  passEvents(heap, times, events);
  const begin = performance.now();
  passEvents(heap, times, events);
  return performance.now() - begin;
}

function passEvents(heap: Heap<object>, times: Float64Array, events: number): void {
  for (let i = 0; i < events; i++) {
    const now = heap.topDue;
    heap.push(now + times[i % TIMES]!, heap.pop());
  }
}

function drawnTimes(seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: TIMES }, () => -1000 * Math.log(1 - random.next()));
}

/** Bytes that a client keeps after one call, while its user thinks. */
async function weighClient(): Promise<number> {
  const fleet = fleetWith(IDLE, '10m');
  await collectGarbage();
  const before = bytesHeld();
  const world = worldOf(fleet, 'calm', 1, new Counter());
  // Everyone has come once in the first ten minutes, and nobody has yet come back after them.
  world.run(600_000);
  await collectGarbage();
  const grown = bytesHeld() - before;
  // Asked afterwards, so that it is still there when it is weighed.
  if (world.now < 600_000) throw new Error('the world has not got to its end');
  return grown / IDLE;
}

/** Seconds. */
function timeStorm(seed: number): number {
  const fleet = fleetWith(10_000, { exponential: '1s' });
  const begin = performance.now();
  simulate(fleet, { scenario: 'outage', lane: 'naive', seed });
  return (performance.now() - begin) / 1000;
}

/** Hears everything, and counts attempts. */
class Counter implements Probe {
  attempts = 0;
  attemptStarted(): void {
    this.attempts++;
  }
  userArrived(): void {}
  userAnswered(): void {}
  requestArrived(): void {}
  requestRejected(): void {}
  requestServed(): void {}
  loadChanged(): void {}
  callStarted(): void {}
  attemptEnded(): void {}
  callEnded(): void {}
}
