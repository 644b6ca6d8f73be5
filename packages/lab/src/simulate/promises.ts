import type { JudgedExpectation, RunResult } from './result.ts';

/** An expectation over all seeds. It decides the exit code. */
export interface Promised {
  /** `outage: recovers within 10s`. */
  readonly name: string;
  /** The worst of the seeds', in the measure's unit; null when it could not be evaluated. */
  readonly value: number | null;
  readonly bound: number;
  /** With every seed. */
  readonly holds: boolean;
}

/** The lane whose runs must hold what the scenarios expect: the fleet as it is. */
export const JUDGED_LANE = 'holdfast';

/** The expectations of all scenarios, in their order. */
export function promisesOf(runs: readonly RunResult[]): Promised[] {
  const judged = runs.filter((run) => run.lane === JUDGED_LANE);
  return [...Map.groupBy(judged, (run) => run.scenario)].flatMap(([scenario, ofScenario]) =>
    ofScenario[0]!.expectations.map(({ text, bound }, index) => {
      const perSeed = ofScenario.map((run) => run.expectations[index]!);
      return { name: `${scenario}: ${text}`, bound, ...overSeeds(perSeed) };
    }),
  );
}

/** 0: all hold. 1: one does not. 2: one could not be evaluated. */
export function exitCodeOf(promises: readonly Promised[]): 0 | 1 | 2 {
  if (promises.some(({ holds, value }) => !holds && value !== null)) return 1;
  return promises.every(({ holds }) => holds) ? 0 : 2;
}

function overSeeds(judged: readonly JudgedExpectation[]): Pick<Promised, 'value' | 'holds'> {
  const failed = judged.filter((each) => !each.holds);
  const measured = (failed.length > 0 ? failed : judged).filter((each) => each.value !== null);
  if (measured.length === 0) return { value: null, holds: false };
  const worst = measured.reduce((a, b) => (distance(b) > distance(a) ? b : a));
  return { value: worst.value, holds: failed.length === 0 };
}

/** How far a value is on the wrong side of its bound; negative on the right one. */
function distance({ value, is, bound }: JudgedExpectation): number {
  const above = value! - bound;
  if (is === '=') return Math.abs(above);
  return is === '<=' ? above : -above;
}
