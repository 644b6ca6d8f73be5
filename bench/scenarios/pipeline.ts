import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { SamplingBreaker } from 'cockatiel';
import { dependency } from 'holdfast';
import { Bulkhead, Retry, SlidingCountBreaker, Timeout } from 'mollitia';
import pRetry from 'p-retry';
import { Fused } from '../fused.ts';
import { Pipeline } from '../limit.ts';
import { timeCalls } from '../measure.ts';
import { four, simply } from '../ours.ts';
import { alfredFour, cockatielFour, mollitiaCircuit, operation, opossum } from '../peer-setups.ts';
import type { Candidate, Job, Samples, Scenario } from '../scenario.ts';

export const pipelineScenario: Scenario = {
  name: 'pipeline',
  title: 'retry + bulkhead + breaker + timeout, success',
  metrics: { ns: 'ns', bytes: 'B' },
  goals: [
    { name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 2.5 },
    { name: 'ratio to the hand-fused one', metric: 'ns', of: 'ours', per: 'fused', bound: 1.5 },
    { name: 'bytes a call', metric: 'bytes', of: 'ours', bound: 1400 },
    {
      name: 'the minimum, ratio to a bare await',
      metric: 'ns',
      of: 'limit',
      per: 'bare',
      bound: 3.4,
    },
  ],
  notes: [
    'opossum has no retry: it is wrapped in p-retry.',
    'p-timeout and p-limit have no breaker to compose with; exponential-backoff and async-retry only retry.',
    'alfred leaves a timer behind for each call, so it runs in a process of its own.',
  ],
  alone: ['alfred'],
  candidates: () => {
    const limit = new Pipeline();
    const fused = new Fused(simply);
    const ours = four();
    const consecutive = cockatielFour();
    const sampling = cockatielFour(
      new SamplingBreaker({ threshold: 0.5, duration: 30_000, minimumRps: 1 }),
    );
    const breaker = opossum(operation, { timeout: 5000, capacity: 10 });
    const circuit = mollitiaCircuit(operation, [
      new Retry({ attempts: 2, interval: 0 }),
      new SlidingCountBreaker({ slidingWindowSize: 100, minimumNumberOfCalls: 20 }),
      new Bulkhead({ concurrentSize: 10, queueSize: 100 }),
      new Timeout({ delay: 5000 }),
    ]);
    const alfred = alfredFour();
    return [
      { name: 'bare', run: operation },
      { name: 'limit', run: () => limit.run(operation) },
      { name: 'fused', run: () => fused.call(operation) },
      { name: 'ours', run: () => ours.call(operation) },
      { name: 'cockatiel, consecutive', run: () => consecutive.execute(operation) },
      { name: 'cockatiel, sampling', run: () => sampling.execute(operation) },
      { name: 'p-retry + opossum', run: () => pRetry(() => breaker.fire(), { retries: 2 }) },
      { name: 'mollitia', run: () => circuit.execute() },
      { name: 'alfred', run: () => alfred.execute(operation) },
    ];
  },
};

export const signalScenario: Scenario = {
  name: 'signal',
  title: "the same with the caller's AbortSignal",
  base: 'ours',
  metrics: { ns: 'ns', listeners: 'listeners left' },
  goals: [
    {
      name: 'ratio to the same without',
      metric: 'ns',
      of: 'ours, with a signal',
      per: 'ours',
      bound: 1.2,
    },
    { name: 'listeners left', metric: 'listeners', of: 'ours, with a signal', bound: 0 },
  ],
  notes: [
    'All calls share one long-lived signal. Of the peers, only cockatiel passes a signal on.',
  ],
  processes: 3,
  measure: async ({ seed, oursOnly }: Job): Promise<Samples> => {
    const ours = four();
    const cockatiel = cockatielFour();
    const signals = { ours: new AbortController().signal, cockatiel: new AbortController().signal };
    const options = { signal: signals.ours };
    const candidates: Candidate[] = [
      { name: 'ours', run: () => ours.call(operation) },
      { name: 'ours, with a signal', run: () => ours.call(operation, options) },
    ];
    if (!oursOnly) {
      const run = () => cockatiel.execute(operation, signals.cockatiel);
      candidates.push({ name: 'cockatiel, with a signal', run });
    }
    const { ns } = await timeCalls(candidates, seed);
    await turn();
    await turn();
    return {
      ns: ns!,
      listeners: {
        'ours, with a signal': left(signals.ours),
        ...(oursOnly ? {} : { 'cockatiel, with a signal': left(signals.cockatiel) }),
      },
    };
  },
};

export const dependencyScenario: Scenario = {
  name: 'dependency',
  title: '`dependency()` with every default, classifier and context',
  metrics: { ns: 'ns', bytes: 'B' },
  goals: [{ name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 4 }],
  notes: [
    'All calls are made inside an AsyncLocalStorage. The minimum is the one with the four policies.',
    'There is no peer to compare with: none has a deadline, a retry budget and a classifier.',
  ],
  candidates: () => {
    const storage = new AsyncLocalStorage<object>();
    storage.enterWith({ tenant: 'a' });
    const limit = new Pipeline();
    const ours = dependency('upstream', { classify: simply });
    const http = dependency('upstream', { protocol: 'http' });
    const answer = { status: 200, headers: new Headers() };
    const respond = async () => answer;
    return [
      { name: 'bare', run: operation },
      { name: 'limit', run: () => limit.run(operation) },
      { name: 'ours', run: () => ours.call(operation) },
      { name: 'ours, HTTP', run: () => http.call(respond) },
    ];
  },
};

function left(signal: AbortSignal): number[] {
  return [getEventListeners(signal, 'abort').length];
}
