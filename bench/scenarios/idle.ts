import { createHook } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsecutiveBreaker, SamplingBreaker } from 'cockatiel';
import { circuitBreaker, pipeline } from 'holdfast';
import { SlidingCountBreaker } from 'mollitia';
import { Pipeline } from '../limit.ts';
import { Breaker, WindowBreaker } from '../limit-alone.ts';
import { four } from '../ours.ts';
import { bytesHeld, collectGarbage } from '../measure.ts';
import * as peers from '../peer-setups.ts';
import { isOurs, type Job, type Samples, type Scenario } from '../scenario.ts';

const { operation } = peers;
const OBJECTS = 5000;
const ROUNDS = 3;
/** Milliseconds until timers are counted: by then those that only linger have gone. */
const IDLE = 250;

interface Kind {
  readonly name: string;
  /** Makes the objects, and has one call go through each. */
  readonly make: (count: number) => Promise<readonly unknown[]>;
}

function kind<T>(name: string, make: () => T, call: (it: T) => Promise<unknown>): Kind {
  return {
    name,
    make: async (count) => {
      const all: T[] = Array.from({ length: count }, make);
      for (const it of all) await call(it);
      return all;
    },
  };
}

const sampling = () => new SamplingBreaker({ threshold: 0.5, duration: 30_000, minimumRps: 1 });

const kinds: readonly Kind[] = [
  kind(
    'limit, consecutive',
    () => new Breaker(),
    (it) => it.call(operation),
  ),
  kind(
    'limit, time window',
    () => new WindowBreaker(),
    (it) => it.call(operation),
  ),
  kind(
    'limit, pipeline',
    () => new Pipeline(),
    (it) => it.run(operation),
  ),
  kind(
    'ours, consecutive',
    () => circuitBreaker({ kind: 'consecutive' }),
    (it) => pipeline(it).call(operation),
  ),
  kind(
    'ours, time window',
    () => circuitBreaker(),
    (it) => pipeline(it).call(operation),
  ),
  kind('ours, pipeline', four, (it) => it.call(operation)),
  kind(
    'cockatiel, consecutive',
    () => peers.cockatielBreaker(new ConsecutiveBreaker(5)),
    (it) => it.execute(operation),
  ),
  kind(
    'cockatiel, sampling',
    () => peers.cockatielBreaker(sampling()),
    (it) => it.execute(operation),
  ),
  kind(
    'cockatiel, pipeline',
    () => peers.cockatielFour(sampling()),
    (it) => it.execute(operation),
  ),
  kind(
    'mollitia',
    () => peers.mollitiaCircuit(operation, [new SlidingCountBreaker({ slidingWindowSize: 100 })]),
    (it) => it.execute(),
  ),
  kind('alfred', peers.alfredBreaker, (it) => it.execute(operation)),
  // Last, since its intervals keep running.
  kind(
    'opossum',
    () => peers.opossum(operation),
    (it) => it.fire(),
  ),
];

export const idleScenario: Scenario = {
  name: 'idle',
  title: 'idle objects, after one call through each',
  metrics: { heap: 'B each', timers: 'timers' },
  goals: [
    { name: 'breaker, consecutive, B', metric: 'heap', of: 'ours, consecutive', bound: 400 },
    { name: 'breaker, time window, B', metric: 'heap', of: 'ours, time window', bound: 800 },
    { name: 'whole pipeline, B', metric: 'heap', of: 'ours, pipeline', bound: 1200 },
    { name: 'timers of 5,000 pipelines', metric: 'timers', of: 'ours, pipeline', bound: 0 },
    { name: 'timers of 5,000 breakers', metric: 'timers', of: 'ours, time window', bound: 0 },
  ],
  notes: [
    `${OBJECTS} of each; a whole pipeline is the four policies. Heap and array buffers after a collection.`,
    'The minimum has one timer for all of its pipelines, which is made beforehand.',
  ],
  processes: 1,
  measure: async ({ oursOnly }: Job): Promise<Samples> => {
    const heap: Record<string, number[]> = {};
    const timers: Record<string, number[]> = {};
    for (const { name, make } of kinds) {
      if (oursOnly && !isOurs(name)) continue;
      await weigh(make, 100); // what is made once, and not for each
      for (let round = 0; round < (name === 'opossum' ? 1 : ROUNDS); round++) {
        const figures = await weigh(make, OBJECTS);
        (heap[name] ??= []).push(figures.heap);
        (timers[name] ??= []).push(figures.timers);
      }
    }
    return { heap, timers };
  },
};

async function weigh(make: Kind['make'], count: number): Promise<{ heap: number; timers: number }> {
  const alive = new Set<number>();
  const hook = createHook({
    init: (id, type) => type === 'Timeout' && alive.add(id),
    destroy: (id) => alive.delete(id),
  });
  await collectGarbage();
  const before = bytesHeld();
  hook.enable();
  const objects = await make(count);
  await collectGarbage();
  await sleep(IDLE);
  await collectGarbage();
  hook.disable();
  const heap = (bytesHeld() - before) / objects.length;
  return { heap, timers: alive.size };
}
