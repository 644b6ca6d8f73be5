import { measure } from './expectations.ts';
import { overSeeds } from './promises.ts';
import type { JudgedExpectation, RunResult, Verdict } from './result.ts';

/** Seeds are whole numbers of 32 bits. */
export const MAX_SEED = 2 ** 32 - 1;

/** What the runs of one scenario in one lane came to over all seeds. */
export interface Spread {
  readonly scenario: string;
  readonly lane: string;
  readonly seeds: readonly number[];
  /** How many runs came to each verdict. */
  readonly verdicts: Readonly<Partial<Record<Verdict['kind'], number>>>;
  readonly figures: readonly Interval[];
  /** Each as it was in its worst run. */
  readonly expectations: readonly JudgedExpectation[];
}

/** A figure's mean over the seeds, and how far off it may be. */
export interface Interval {
  /** In the words of an expectation: `goodput at shoppers after`. */
  readonly name: string;
  /** In the measure's unit: milliseconds, a share, or a plain number. */
  readonly mean: number;
  /** The 95 % confidence interval is `mean` +- this (Student's t); null for less than two runs. */
  readonly half: number | null;
  /** Runs in which there was something to measure. */
  readonly runs: number;
}

/** Means and 95 % confidence intervals, for each scenario and lane in the order of the runs. */
export function spreadsOf(runs: readonly RunResult[]): Spread[] {
  const groups = Map.groupBy(runs, (run) => JSON.stringify([run.scenario, run.lane]));
  return Array.from(groups.values(), (group) => {
    const { scenario, lane } = group[0]!;
    const verdicts: Partial<Record<Verdict['kind'], number>> = {};
    for (const { verdict } of group) verdicts[verdict.kind] = (verdicts[verdict.kind] ?? 0) + 1;
    const seeds = group.map((run) => run.seed);
    const [figures, expectations] = [figuresOf(group), overSeeds(group)];
    return { scenario, lane, seeds, verdicts, figures, expectations };
  });
}

/** The mean of independent values, and half the width of its 95 % confidence interval. */
export function intervalOf(values: readonly number[]): { mean: number; half: number | null } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, half: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, half: studentT(count - 1) * Math.sqrt(variance / count) };
}

function figuresOf(runs: readonly RunResult[]): Interval[] {
  return mainFigures(runs[0]!).flatMap(({ name, valueOf }) => {
    const values = runs.map(valueOf).filter((value) => value !== null);
    return values.length === 0 ? [] : [{ name, ...intervalOf(values), runs: values.length }];
  });
}

interface Figure {
  readonly name: string;
  readonly valueOf: (run: RunResult) => number | null;
}

/** All runs of a scenario have the same users, services and phases. */
function mainFigures(run: RunResult): Figure[] {
  const figures: Figure[] = [];
  for (const { name } of run.users) {
    for (const { name: during } of run.phases) {
      figures.push({
        name: `goodput at ${name} ${during === 'fault' ? 'during the fault' : during}`,
        valueOf: (each) => measure(each, { measure: 'goodput', at: name, during }),
      });
    }
    figures.push(inAll('p99', name), inAll('recovery', name));
  }
  for (const { name } of run.services) {
    figures.push(inAll('amplification', name), inAll('attempts-per-call', name));
    figures.push(inAll('duplicates', name), inAll('wasted', name));
  }
  return figures;
}

function inAll(name: Parameters<typeof measure>[1]['measure'], at: string): Figure {
  return {
    name: `${name} at ${at}`,
    valueOf: (run) => measure(run, { measure: name, at, during: 'all' }),
  };
}

/** The 97.5 % quantiles of Student's t for 1, 2, ... 30 degrees of freedom. */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];

/** Beyond the table by the first terms of Fisher's expansion around the normal quantile (error < 1e-3). */
function studentT(freedom: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return T_975[freedom - 1] ?? z + first / freedom + second / freedom ** 2;
}
