/**
 * Makes many calls through one set of policies and prints what is left of them, as JSON:
 * `node --expose-gc leaks.ts <name> <calls>`.
 */
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import {
  bulkhead,
  circuitBreaker,
  classify,
  custom,
  deadline,
  dependency,
  fallback,
  keyed,
  type Pipeline,
  pipeline,
  retry,
  retryBudget,
  timeout,
} from '../../../packages/holdfast/src/index.ts';
import { bytesUsed, type Left, openResources } from './left.ts';
import { classifier, lasting, makeCalls, type Route } from './workload.ts';

/** Calls before the first measurement: all code is warm then, and all pools are filled. */
const WARM_UP = 100_000;

const verdict = classify(classifier);
const own = custom('own', (next) => next());
const atOnce = { backoff: { base: 0 } };
const soon = { backoff: { base: 1 } };
const few = { maxConcurrent: 65, maxQueue: 20 };
/** Opens, probes, closes and ramps up all the time. */
const cycle = { cooldown: 1, maxCooldown: 2, successesToClose: 2, rampDuration: 1 };
const restless = { ...cycle, failureRate: 0.2, minimumCalls: 1000, rampMinimumCalls: 1000 };

/** By the policy, or what else the calls go through. Of two time limits one passes, one does not. */
const ROUTES = {
  timeout: () => inTurn(pipeline(timeout('1m')), pipeline(timeout(5))),
  deadline: () => inTurn(pipeline(deadline('1m')), pipeline(deadline(5))),
  retry: () => inTurn(pipeline(verdict, retry(atOnce)), pipeline(verdict, retry(soon))),
  'retry-budget': () =>
    inTurn(
      pipeline(verdict, retry(atOnce), retryBudget()),
      pipeline(verdict, retry(soon), retryBudget({ kind: 'token-bucket' })),
    ),
  'circuit-breaker': () =>
    inTurn(
      pipeline(verdict, circuitBreaker(restless)),
      pipeline(verdict, circuitBreaker({ ...restless, kind: 'count', windowCalls: 1000 })),
      pipeline(verdict, circuitBreaker({ ...cycle, kind: 'consecutive', consecutiveFailures: 5 })),
    ),
  bulkhead: () => inTurn(pipeline(bulkhead(few))),
  fallback: () =>
    inTurn(
      pipeline(verdict, fallback({ value: 'instead' })),
      pipeline(verdict, fallback({ run: () => 'made' })),
      pipeline(verdict, fallback({ run: () => new Promise(() => {}), timeout: 5 })),
      pipeline(verdict, fallback({ stale: { keyOf: ({ key }) => key ?? '' } })),
    ),
  'keyed registry': () => {
    const options = { classify: classifier, timeout: 5, breaker: restless, retry: false } as const;
    const tenants = keyed((tenant) => dependency(tenant, options), { maxEntries: 60 });
    return (round) => tenants.get(`tenant ${round % 10 === 0 ? round : round % 50}`);
  },
  'pipeline of all': () =>
    inTurn(
      pipeline(
        verdict,
        fallback({ run: () => 'made' }),
        deadline('2m'),
        retry(soon),
        retryBudget(),
        bulkhead(few),
        circuitBreaker(),
        timeout('1m'),
      ),
      pipeline(
        verdict,
        fallback({ stale: {} }),
        deadline(10),
        retry(atOnce),
        retryBudget(),
        bulkhead(few),
        circuitBreaker(restless),
        timeout(5),
      ),
      pipeline(verdict, own, retry(atOnce), timeout(5)),
    ),
  'dependency with its defaults': () => inTurn(dependency('defaults', { classify: classifier })),
} satisfies Record<string, () => Route>;

/** What calls can be made through. */
export type RouteName = keyof typeof ROUTES;

function inTurn(...pipelines: Pipeline<unknown, unknown>[]): Route {
  return (round) => pipelines[round % pipelines.length]!;
}

async function run(name: RouteName, calls: number): Promise<Left> {
  const route = ROUTES[name]();
  await makeCalls(route, WARM_UP);
  const before = await bytesUsed();
  const outcomes = await makeCalls(route, calls);
  // The turn at whose end the clock lets go of the process.
  await turn();
  const open = openResources();
  const listeners = getEventListeners(lasting, 'abort').length;
  return { grown: (await bytesUsed()) - before, open, listeners, outcomes };
}

const [name, calls] = process.argv.slice(2);
console.log(JSON.stringify(await run(name as RouteName, Number(calls))));
