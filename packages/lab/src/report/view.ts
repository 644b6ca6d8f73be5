import type { FaultBand, JudgedExpectation, Phase, RunResult } from '../simulate/result.ts';
import type { SimulationReport } from '../simulate/report.ts';
import type { Spread } from '../simulate/seeds.ts';

/** A report's runs as they are looked at: the lanes of one scenario beside one another. */
export interface ScenarioView {
  readonly name: string;
  /** What one sees in it; may be empty. */
  readonly about: string;
  readonly duration: number;
  readonly step: number;
  readonly phases: readonly Phase[];
  readonly faults: readonly FaultBand[];
  readonly lanes: readonly LaneView[];
}

/** One lane's run of one scenario. */
export interface LaneView {
  readonly name: string;
  /** Which colour and line it has, wherever it appears in the report. */
  readonly style: LaneStyle;
  readonly run: RunResult;
  /** What all seeds came to; null for a single one. */
  readonly spread: Spread | null;
  /** Of several seeds, each as it was in its worst run. */
  readonly expectations: readonly JudgedExpectation[];
}

/** Names of classes in the style sheet. */
export type LaneStyle = 'naive' | 'holdfast' | `other${0 | 1 | 2 | 3}`;

export function scenariosOf(report: SimulationReport): ScenarioView[] {
  const lanes = distinct(report.runs.map((run) => run.lane));
  const styles = laneStyles(lanes);
  return distinct(report.runs.map((run) => run.scenario)).flatMap((name) => {
    const runs = report.runs.filter((run) => run.scenario === name);
    const [first] = runs;
    if (first === undefined) return [];
    return {
      name,
      about: report.scenarios.find((scenario) => scenario.name === name)?.about ?? '',
      duration: first.duration,
      step: first.step,
      phases: first.phases,
      faults: first.faults,
      lanes: lanes.flatMap((lane) => {
        const run = runs.find((one) => one.lane === lane);
        if (run === undefined) return [];
        const spread =
          report.spreads.find((one) => one.scenario === name && one.lane === lane) ?? null;
        const { expectations } = spread ?? run;
        return { name: lane, style: styles.get(lane) ?? 'other0', run, spread, expectations };
      }),
    };
  });
}

/** The phase in which a figure was at its highest; null if there is none in any. */
export function worstPhase<T>(
  byPhase: Readonly<Record<string, T>>,
  value: (figures: T) => number | null,
): { readonly phase: string; readonly value: number } | null {
  let worst: { phase: string; value: number } | null = null;
  for (const [phase, figures] of Object.entries(byPhase)) {
    const found = value(figures);
    if (found !== null && (worst === null || found > worst.value)) worst = { phase, value: found };
  }
  return worst;
}

/** Values in the order in which they first appear. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** `naive` and `holdfast` look the same in every report; the others take turns. */
function laneStyles(lanes: readonly string[]): Map<string, LaneStyle> {
  const others = ['other0', 'other1', 'other2', 'other3'] as const;
  const styles = new Map<string, LaneStyle>();
  let turn = 0;
  for (const lane of lanes) {
    if (lane === 'naive' || lane === 'holdfast') styles.set(lane, lane);
    else styles.set(lane, others[turn++ % others.length] ?? 'other0');
  }
  return styles;
}
