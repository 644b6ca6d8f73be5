import asyncRetry from 'async-retry';
import { backOff } from 'exponential-backoff';
import { Policy } from '@git-stunts/alfred';
import { bulkhead as cockatielBulkhead, SamplingBreaker, TimeoutStrategy } from 'cockatiel';
import { bulkhead, circuitBreaker, classify, pipeline, retry, timeout } from 'holdfast';
import { Bulkhead as MollitiaBulkhead, Retry, SlidingCountBreaker, Timeout } from 'mollitia';
import pLimit from 'p-limit';
import pRetry from 'p-retry';
import pTimeout from 'p-timeout';
import { timeout as limitTimeout, timers } from '../limit.ts';
import * as limit from '../limit-alone.ts';
import { simply } from '../ours.ts';
import * as peers from '../peer-setups.ts';
import type { Scenario } from '../scenario.ts';

const { operation } = peers;
const columns = { ns: 'ns', bytes: 'B' };

export const timeoutScenario: Scenario = {
  name: 'timeout',
  title: 'timeout of 5 s, success',
  metrics: columns,
  goals: [
    { name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 1.7 },
    {
      name: 'the minimum, ratio to a bare await',
      metric: 'ns',
      of: 'limit',
      per: 'bare',
      bound: 3.2,
    },
  ],
  notes: [
    'p-limit, p-retry, async-retry and exponential-backoff have no timeout.',
    'opossum has it only as part of its breaker.',
    'alfred leaves a timer behind for each call, so it runs in a process of its own.',
  ],
  alone: ['alfred'],
  candidates: () => {
    const list = timers();
    const ours = pipeline(timeout('5s'));
    const cooperative = peers.cockatielTimeout();
    const aggressive = peers.cockatielTimeout(TimeoutStrategy.Aggressive);
    const lasting = peers.cockatielTimeout({
      strategy: TimeoutStrategy.Cooperative,
      abortOnReturn: false,
    });
    const breaker = peers.opossum(operation, { timeout: 5000 });
    const circuit = peers.mollitiaCircuit(operation, [new Timeout({ delay: 5000 })]);
    const alfred = Policy.timeout(5000);
    return [
      { name: 'bare', run: operation },
      { name: 'limit', run: () => limitTimeout(operation, list, 5000) },
      { name: 'ours', run: () => ours.call(operation) },
      { name: 'cockatiel, cooperative', run: () => cooperative.execute(operation) },
      { name: 'cockatiel, aggressive', run: () => aggressive.execute(operation) },
      { name: 'cockatiel, no abort on return', run: () => lasting.execute(operation) },
      { name: 'p-timeout', run: () => pTimeout(operation(), { milliseconds: 5000 }) },
      { name: 'opossum', run: () => breaker.fire() },
      { name: 'mollitia', run: () => circuit.execute() },
      { name: 'alfred', run: () => alfred.execute(operation) },
    ];
  },
};

export const retryScenario: Scenario = {
  name: 'retry',
  title: 'retry, three attempts, success',
  metrics: columns,
  goals: [
    { name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 1.6 },
    {
      name: 'the minimum, ratio to a bare await',
      metric: 'ns',
      of: 'limit',
      per: 'bare',
      bound: 2.4,
    },
  ],
  notes: ['opossum, p-limit and p-timeout do not retry.'],
  candidates: () => {
    const ours = pipeline(classify(simply), retry());
    const cockatiel = peers.cockatielRetry();
    const circuit = peers.mollitiaCircuit(operation, [new Retry({ attempts: 2, interval: 0 })]);
    const alfred = peers.alfredRetry();
    return [
      { name: 'bare', run: operation },
      { name: 'limit', run: () => limit.retry(operation) },
      { name: 'ours', run: () => ours.call(operation) },
      { name: 'cockatiel', run: () => cockatiel.execute(operation) },
      { name: 'p-retry', run: () => pRetry(operation, { retries: 2 }) },
      { name: 'async-retry', run: () => asyncRetry(operation, { retries: 2 }) },
      { name: 'exponential-backoff', run: () => backOff(operation, { numOfAttempts: 3 }) },
      { name: 'mollitia', run: () => circuit.execute() },
      { name: 'alfred', run: () => alfred.execute(operation) },
    ];
  },
};

export const breakerScenario: Scenario = {
  name: 'breaker',
  title: 'breaker, closed, success',
  base: 'limit, consecutive',
  metrics: columns,
  goals: [
    {
      name: 'consecutive, ratio to the minimum',
      metric: 'ns',
      of: 'ours, consecutive',
      per: 'limit, consecutive',
      bound: 1.5,
    },
    {
      name: 'time window, ratio to the minimum',
      metric: 'ns',
      of: 'ours, time window',
      per: 'limit, time window',
      bound: 1.5,
    },
    {
      name: 'the minimum, consecutive, ratio to a bare await',
      metric: 'ns',
      of: 'limit, consecutive',
      per: 'bare',
      bound: 2.4,
    },
    {
      name: 'the minimum, time window, ratio to a bare await',
      metric: 'ns',
      of: 'limit, time window',
      per: 'bare',
      bound: 3.63,
    },
  ],
  notes: [
    'The p-libraries, async-retry and exponential-backoff have no breaker.',
    'Only ours judges slow calls, which costs a second reading of the clock if no timer runs.',
  ],
  candidates: () => {
    const minimum = new limit.Breaker();
    const windowed = new limit.WindowBreaker();
    const consecutive = pipeline(circuitBreaker({ kind: 'consecutive' }));
    const time = pipeline(circuitBreaker({ slowCallRate: 0 }));
    const slow = pipeline(circuitBreaker());
    const cockatiel = peers.cockatielBreaker();
    const sampling = peers.cockatielBreaker(
      new SamplingBreaker({ threshold: 0.5, duration: 30_000, minimumRps: 1 }),
    );
    const opossum = peers.opossum(operation);
    const circuit = peers.mollitiaCircuit(operation, [
      new SlidingCountBreaker({ slidingWindowSize: 100, minimumNumberOfCalls: 20 }),
    ]);
    const alfred = peers.alfredBreaker();
    return [
      { name: 'bare', run: operation },
      { name: 'limit, consecutive', run: () => minimum.call(operation) },
      { name: 'limit, time window', run: () => windowed.call(operation) },
      { name: 'ours, consecutive', run: () => consecutive.call(operation) },
      { name: 'ours, time window', run: () => time.call(operation) },
      { name: 'ours, and slow calls', run: () => slow.call(operation) },
      { name: 'cockatiel, consecutive', run: () => cockatiel.execute(operation) },
      { name: 'cockatiel, sampling', run: () => sampling.execute(operation) },
      { name: 'opossum', run: () => opossum.fire() },
      { name: 'mollitia', run: () => circuit.execute() },
      { name: 'alfred', run: () => alfred.execute(operation) },
    ];
  },
};

export const bulkheadScenario: Scenario = {
  name: 'bulkhead',
  title: 'bulkhead of ten, free',
  metrics: columns,
  goals: [
    { name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 1.25 },
    {
      name: 'the minimum, ratio to a bare await',
      metric: 'ns',
      of: 'limit',
      per: 'bare',
      bound: 2.9,
    },
  ],
  notes: [
    'p-retry, p-timeout, async-retry and exponential-backoff do not bound concurrency.',
    'opossum has it only as part of its breaker.',
  ],
  candidates: () => {
    const minimum = new limit.Bulkhead();
    const ours = pipeline(bulkhead({ maxConcurrent: 10 }));
    const cockatiel = cockatielBulkhead(10, 100);
    const opossum = peers.opossum(operation, { capacity: 10 });
    const limited = pLimit(10);
    const circuit = peers.mollitiaCircuit(operation, [
      new MollitiaBulkhead({ concurrentSize: 10, queueSize: 100 }),
    ]);
    const alfred = Policy.bulkhead({ limit: 10, queueLimit: 100 });
    return [
      { name: 'bare', run: operation },
      { name: 'limit', run: () => minimum.call(operation) },
      { name: 'ours', run: () => ours.call(operation) },
      { name: 'cockatiel', run: () => cockatiel.execute(operation) },
      { name: 'p-limit', run: () => limited(operation) },
      { name: 'opossum', run: () => opossum.fire() },
      { name: 'mollitia', run: () => circuit.execute() },
      { name: 'alfred', run: () => alfred.execute(operation) },
    ];
  },
};
