import { type Check, within } from '../../../../scripts/tasks/checks.ts';
import { agrees, column, type Law, type Plan, type Sample } from './law.ts';
import { mean } from '../stats.ts';
import { BARE, DeafProbe, worldOf } from './worlds.ts';

/** Layers that retry, and how many attempts each makes. */
const LAYERS = 3;
const ATTEMPTS = 4;
/** How often the leaf fails. 1 is exact, so it needs no interval. */
const FAILING = [0.3, 0.5, 0.9, 0.99] as const;
/** Users' requests of one run. */
const REQUESTS = 20_000;
const RATE = 100;
/** A layer's budget, and how many requests then reach the leaf for one of the users': (1 + ratio)^layers. */
const BUDGET = { ratio: 0.1, amplification: 1.1 ** LAYERS, tolerance: 0.005 };

/** What three layers of retries send to a leaf that fails. */
export const retryLaws: readonly Law[] = [
  {
    name: 'three layers of retries',
    about:
      `${LAYERS} layers of ${ATTEMPTS} attempts over a leaf that fails with probability p send it ` +
      '(1 - p^64) / (1 - p) requests for one: it is asked until it succeeds, or 64 times',
    intervals: FAILING.length,
    run: runUnbounded,
    judge: (samples, doubt) => [
      ...FAILING.map((p) =>
        agrees(`requests for one, p = ${p}`, law(p), column(samples, `${p}`), doubt),
      ),
      within('requests for one, p = 1', mean(column(samples, '1')), [64, 64]),
    ],
  },
  {
    name: 'three layers of budgets',
    about:
      `a retry budget of ${BUDGET.ratio * 100} % a layer, earned by calls, without a floor: ` +
      `${LAYERS} layers send 1.1^${LAYERS} when everything fails`,
    intervals: 0,
    run: runBudgeted,
    judge: judgeBudgeted,
  },
];

/** The sum of p^n for n < 64. */
function law(p: number): number {
  return (1 - p ** (ATTEMPTS ** LAYERS)) / (1 - p);
}

function runUnbounded(seed: number, { scale, defect }: Plan): Sample {
  const maxAttempts = defect === 'extra-attempt' ? ATTEMPTS + 1 : ATTEMPTS;
  const retry = { maxAttempts, budget: false, backoff: { kind: 'constant', base: 0 } };
  const sample: Record<string, number> = {};
  for (const p of [...FAILING, 1]) {
    // The more it fails, the more there is to do for one, and the less do runs differ.
    const requests = (REQUESTS * scale) / (p > 0.9 ? 4 : 1);
    sample[`${p}`] = amplification({ ...BARE, retry }, p, requests, seed);
  }
  return sample;
}

function runBudgeted(seed: number, { scale, defect }: Plan): Sample {
  const ratio = defect === 'double-budget' ? 2 * BUDGET.ratio : BUDGET.ratio;
  const budget = { ratio, earnedBy: 'call', floorPerSecond: 0 };
  const retry = {
    maxAttempts: ATTEMPTS,
    budget,
    backoff: { kind: 'constant', base: 0 },
  };
  return { amplification: amplification({ ...BARE, retry }, 1, REQUESTS * scale, seed) };
}

function judgeBudgeted(samples: readonly Sample[]): Check[] {
  const { amplification: exact, tolerance } = BUDGET;
  const values = column(samples, 'amplification');
  const bound = [exact * (1 - tolerance), exact * (1 + tolerance)] as const;
  return [
    within('requests for one, fewest of a run', Math.min(...values), bound),
    within('requests for one, most of a run', Math.max(...values), bound),
  ];
}

/** Requests that reach the leaf of a chain / requests of its users. */
function amplification(policy: unknown, failures: number, requests: number, seed: number): number {
  const roomy = { workers: 100_000, serviceTime: '1ms', queue: { max: 'unbounded' } };
  const services: Record<string, unknown> = { leaf: { ...roomy, failures } };
  for (let layer = LAYERS; layer >= 1; layer--) {
    const to = layer === LAYERS ? 'leaf' : `layer-${layer + 1}`;
    services[`layer-${layer}`] = { ...roomy, calls: [{ to, policy, idempotent: true }] };
  }
  const users = { to: 'layer-1', rate: RATE, policy: BARE, patience: '1h' };
  const probe = new LeafProbe();
  const duration = Math.ceil((requests * 1000) / RATE);
  worldOf({ services, users: { users } }, duration, seed, probe).run(2 * duration);
  return probe.reached / probe.asked;
}

class LeafProbe extends DeafProbe {
  asked = 0;
  reached = 0;

  override userArrived(): void {
    this.asked++;
  }

  override requestArrived(service: string): void {
    if (service === 'leaf') this.reached++;
  }
}
