import type { JudgedExpectation, RunResult } from './result.ts';

/** An expectation over all seeds. It decides the exit code. */
export interface Promised {
  /** `outage: recovers within 10s`. */
  readonly name: string;
  /** The worst of the seeds', in the measure's unit; null when it could not be evaluated. */
  readonly value: number | null;
  readonly bound: number;
  /** The value is only a lower bound: the recovery, or an answer, had not come when the run ended. */
  readonly endless: boolean;
  /** With every seed. */
  readonly holds: boolean;
}

/** The lane whose runs must hold what the scenarios expect: the fleet as it is. */
export const JUDGED_LANE = 'holdfast';

/** The expectations of all scenarios, in their order. */
export function promisesOf(runs: readonly RunResult[]): Promised[] {
  const judged = runs.filter((run) => run.lane === JUDGED_LANE);
  return [...Map.groupBy(judged, (run) => run.scenario)].flatMap(([scenario, ofScenario]) =>
    overSeeds(ofScenario).map(({ text, value, bound, endless, holds }) => ({
      name: `${scenario}: ${text}`,
      value,
      bound,
      endless,
      holds,
    })),
  );
}

/** 0: all hold. 1: one does not. 2: one could not be evaluated. */
export function exitCodeOf(promises: readonly Promised[]): 0 | 1 | 2 {
  if (promises.some(({ holds, value }) => !holds && value !== null)) return 1;
  return promises.every(({ holds }) => holds) ? 0 : 2;
}

/** What one scenario in one lane came to over its seeds: each expectation in its worst run. */
export function overSeeds(runs: readonly RunResult[]): JudgedExpectation[] {
  return runs[0]!.expectations.map((_, index) =>
    worstOf(runs.map((run) => run.expectations[index]!)),
  );
}

function worstOf(judged: readonly JudgedExpectation[]): JudgedExpectation {
  const failed = judged.filter((each) => !each.holds);
  const measured = (failed.length > 0 ? failed : judged).filter((each) => each.value !== null);
  if (measured.length === 0) return failed[0]!;
  return measured.reduce((a, b) => (distance(b) > distance(a) ? b : a));
}

/** How far a value is on the wrong side of its bound; negative on the right one. */
function distance({ value, is, bound }: JudgedExpectation): number {
  const above = value! - bound;
  if (is === '=') return Math.abs(above);
  return is === '<=' ? above : -above;
}
