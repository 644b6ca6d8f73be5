import { Policy } from '@git-stunts/alfred';
import asyncRetry from 'async-retry';
import { SamplingBreaker } from 'cockatiel';
import { backOff } from 'exponential-backoff';
import { bulkhead, circuitBreaker, classify, pipeline, retry, timeout } from 'holdfast';
import { Retry, SlidingCountBreaker, SlidingTimeBreaker } from 'mollitia';
import pRetry from 'p-retry';
import { Fused } from '../fused.ts';
import { Pipeline } from '../limit.ts';
import { Breaker, WindowBreaker } from '../limit-alone.ts';
import { simply } from '../ours.ts';
import * as peers from '../peer-setups.ts';
import type { Candidate, Scenario } from '../scenario.ts';

const { operation } = peers;
const failure = new Error('down');
const fail = async (): Promise<never> => {
  throw failure;
};

export const refusalScenario: Scenario = {
  name: 'refusal',
  title: 'refusal by an open breaker, caught by the caller',
  metrics: { ns: 'ns' },
  goals: [
    { name: 'thrown, ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 1.25 },
    {
      name: 'as a result, ratio to the minimum',
      metric: 'ns',
      of: 'ours, tryCall',
      per: 'limit, as a result',
      bound: 1.7,
    },
  ],
  notes: [
    'The minimum makes an error without a stack. No peer answers with a result instead of an exception.',
  ],
  candidates: async () => {
    const minimum = new Breaker();
    minimum.openUntil = Infinity;
    const ours = pipeline(classify(simply), circuitBreaker(always));
    const cockatiel = peers.cockatielBreaker();
    const opossum = peers.opossum(fail, { resetTimeout: 3_600_000 });
    const circuit = peers.mollitiaCircuit(fail, [
      new SlidingCountBreaker({
        slidingWindowSize: 10,
        minimumNumberOfCalls: 5,
        openStateDelay: 3_600_000,
      }),
    ]);
    const alfred = Policy.circuitBreaker({ threshold: 5, duration: 3_600_000 });
    cockatiel.isolate();
    opossum.open();
    for (let i = 0; i < 10; i++) {
      await ours.tryCall(fail);
      await circuit.execute().catch(() => {});
      await alfred.execute(fail).catch(() => {});
    }
    // A result instead of an exception, as one writes it where refusals are frequent.
    const answer = async (): Promise<unknown> =>
      minimum.isOpen
        ? { ok: false, error: 'not called, the circuit is open' }
        : { ok: true, value: await operation() };
    return [
      { name: 'limit', run: () => minimum.call(operation), throws: true },
      { name: 'limit, as a result', run: answer },
      { name: 'ours', run: () => ours.call(operation), throws: true },
      { name: 'ours, tryCall', run: () => ours.tryCall(operation) },
      { name: 'cockatiel', run: () => cockatiel.execute(operation), throws: true },
      { name: 'opossum', run: () => opossum.fire(), throws: true },
      { name: 'mollitia', run: () => circuit.execute(), throws: true },
      { name: 'alfred', run: () => alfred.execute(operation), throws: true },
    ];
  },
};

const always = {
  kind: 'consecutive',
  consecutiveFailures: 5,
  cooldown: '1h',
  maxCooldown: '1h',
} as const;

export const failureScenario: Scenario = {
  name: 'failure',
  title: 'a failure, then a success, no delay',
  metrics: { ns: 'ns' },
  goals: [{ name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 2.1 }],
  notes: [
    'Ours and the minimum have all four policies, the peers only retry.',
    'For a delay of 0, all peers but p-retry wait for a timer of 1 ms.',
    'opossum, p-limit and p-timeout do not retry.',
  ],
  candidates: () => {
    const minimum = new SteadyPipeline();
    const fused = new Fused(simply, { base: 0, ratio: 1, failureRate: 1 });
    const ours = pipeline(
      classify(simply),
      retry({ backoff: { base: 0 } }),
      bulkhead(),
      circuitBreaker({ failureRate: 1 }),
      timeout('5s'),
    );
    const idempotent = { idempotent: true };
    const cockatiel = peers.cockatielRetry();
    const mollitia = everyOther();
    const circuit = peers.mollitiaCircuit(mollitia, [new Retry({ attempts: 2, interval: 0 })]);
    const alfred = peers.alfredRetry();
    // Each its own, or one that is interrupted would leave the next on the wrong foot.
    const of = Array.from({ length: 9 }, everyOther) as (() => Promise<number>)[];
    const once = { minTimeout: 0, retries: 2 };
    return [
      {
        name: 'bare, twice',
        run: async () => {
          try {
            return await of[0]!();
          } catch {
            return await of[0]!();
          }
        },
      },
      { name: 'limit', run: () => minimum.run(of[1]!) },
      { name: 'fused', run: () => fused.call(of[2]!) },
      { name: 'ours', run: () => ours.call(of[3]!, idempotent) },
      { name: 'p-retry', run: () => pRetry(of[4]!, once) },
      { name: 'cockatiel', run: () => cockatiel.execute(of[5]!) },
      { name: 'async-retry', run: () => asyncRetry(of[6]!, once) },
      {
        name: 'exponential-backoff',
        run: () => backOff(of[7]!, { numOfAttempts: 3, startingDelay: 0 }),
      },
      { name: 'mollitia', run: () => circuit.execute() },
      { name: 'alfred', run: () => alfred.execute(of[8]!) },
    ];
  },
};

/** An operation that fails every other time, beginning with the first. */
function everyOther(): () => Promise<number> {
  let fails = false;
  return async () => {
    fails = !fails;
    if (fails) throw failure;
    return 42;
  };
}

export const windowScenario: Scenario = {
  name: 'window',
  title: 'one failure with 50,000 calls in the window',
  metrics: { ns: 'ns' },
  goals: [{ name: 'ratio to the minimum', metric: 'ns', of: 'ours', per: 'limit', bound: 2 }],
  notes: [
    'The 50,000 calls in the window are successes, so no breaker opens. The measured failures are added to them.',
    "mollitia's sliding time window keeps each call: it is measured with 1,000 in it.",
    'alfred counts failures in a row only.',
  ],
  candidates: async () => {
    const CALLS = 50_000;
    const minimum = new SteadyBreaker();
    const ours = pipeline(circuitBreaker({ window: '1h', failureRate: 1, slowCallRate: 0 }));
    const cockatiel = peers.cockatielBreaker(
      new SamplingBreaker({ threshold: 0.999_999, duration: 3_600_000, minimumRps: 1 }),
    );
    let failing = false;
    const either = (): Promise<number> => (failing ? fail() : operation());
    const never = { errorThresholdPercentage: 100, rollingCountTimeout: 3_600_000 };
    const opossum = peers.opossum(either, never);
    const lean = peers.opossum(either, { ...never, rollingPercentilesEnabled: false });
    const circuit = peers.mollitiaCircuit(either, [
      new SlidingTimeBreaker({ slidingWindowSize: 3_600_000, failureRateThreshold: 100 }),
    ]);
    const candidates: Candidate[] = [
      { name: 'limit', run: () => minimum.call(either), throws: true },
      { name: 'ours', run: () => ours.call(either), throws: true },
      { name: 'cockatiel, sampling', run: () => cockatiel.execute(either), throws: true },
      { name: 'opossum', run: () => opossum.fire(), throws: true },
      { name: 'opossum, no percentiles', run: () => lean.fire(), throws: true },
      { name: 'mollitia', run: () => circuit.execute(), throws: true },
    ];
    for (const { name, run } of candidates) {
      const calls = name === 'mollitia' ? CALLS / 50 : CALLS;
      for (let i = 0; i < calls; i++) await run();
    }
    failing = true;
    return candidates;
  },
};

/** They count and judge, but let through whatever comes. */
class SteadyBreaker extends WindowBreaker {
  override get isOpen(): boolean {
    return false;
  }
}
class SteadyPipeline extends Pipeline {
  override get isOpen(): boolean {
    return false;
  }
}
