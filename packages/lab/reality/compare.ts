import { type Check, within } from '../../../scripts/tasks/checks.ts';
import type { Phase, RunResult, Verdict } from '../src/simulate/result.ts';
import type { Pace, RealRun } from './stage.ts';

/** How far goodput may be from the virtual one: 5 points of 100. */
const POINTS = 0.05;
/** How far attempts per call may be, as a share of the virtual ones. */
const SHARE = 0.1;
/** Milliseconds. A machine that was later has run something else than the spec. */
const SLOWEST: Pace = { loopDelay: 20, lateness: 10 };

/**
 * Whether real runs of a scenario came to what virtual ones came to: the verdict of most, and the medians of
 * goodput and of attempts per call in every phase. What the machine did not keep up with is left out, and
 * what then has fewer than `wanted` runs is not judged.
 */
export function compare(
  virtual: readonly RunResult[],
  real: readonly RealRun[],
  wanted: number,
): Check[] {
  const figures = figuresOf(virtual[0]!).map(({ name, phase, of, slack }) => {
    const expected = median(virtual.map(of));
    const room = slack(expected);
    const isGood = ({ pace }: RealRun): boolean => isFast(pace[phase]!);
    return checkOn(real.filter(isGood), real, wanted, (runs) =>
      within(name, median(runs.map(of)), [expected - room, expected + room]),
    );
  });
  const verdict = checkOn(real.filter(keptUp), real, wanted, (runs) => sameVerdict(virtual, runs));
  return [verdict, ...figures];
}

/** Judges good runs if there are enough of them. Otherwise all are looked at, and nothing is said. */
function checkOn(
  good: readonly RealRun[],
  all: readonly RealRun[],
  wanted: number,
  check: (runs: readonly RunResult[]) => Check,
): Check {
  const enough = good.length >= wanted;
  const judged = check((enough ? good : all).map(({ result }) => result));
  return enough ? judged : { ...judged, holds: null };
}

/** The machine kept up in every phase. */
export function keptUp({ pace }: RealRun): boolean {
  return pace.every(isFast);
}

/**
 * Whether a policy whose timeout is mis-stated is told from the right one: of what holds for the right spec,
 * how much does not for the wrong one.
 *
 * @param right and @param wrong what the same real runs came to against each, in the same order.
 */
export function noticed(policy: string, right: readonly Check[], wrong: readonly Check[]): Check {
  const broken = wrong.filter(({ holds }, i) => holds === false && right[i]!.holds === true);
  const check = within(`a doubled timeout of ${policy} is noticed by`, broken.length, [1, null]);
  const isUnclear = broken.length === 0 && right.some(({ holds }) => holds === null);
  return isUnclear ? { ...check, holds: null } : check;
}

/** The middle one, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** One thing that is compared. */
interface Figure {
  readonly name: string;
  /** The place of its phase among the result's phases. */
  readonly phase: number;
  readonly of: (run: RunResult) => number;
  /** How far from the expected one it may be. */
  readonly slack: (expected: number) => number;
}

const PHASES: Readonly<Record<Phase['name'], string>> = {
  before: 'before the fault',
  fault: 'during the fault',
  after: 'after the fault',
};

function figuresOf({ phases, users, edges }: RunResult): Figure[] {
  return phases.flatMap(({ name }, phase) => [
    ...users.map((one, i) => ({
      name: `goodput of ${one.name} ${PHASES[name]}`,
      phase,
      // What is not known agrees with nothing.
      of: (run: RunResult) => run.users[i]!.byPhase[name]!.goodput ?? NaN,
      slack: () => POINTS,
    })),
    ...edges.map((edge, i) => ({
      name: `attempts per call ${edge.id} ${PHASES[name]}`,
      phase,
      // Without a call there is no attempt.
      of: (run: RunResult) => run.edges[i]!.byPhase[name]!.attemptsPerCall ?? 0,
      slack: (expected: number) => SHARE * expected,
    })),
  ]);
}

/** More than half of the real runs end as most virtual ones do. */
function sameVerdict(virtual: readonly RunResult[], real: readonly RunResult[]): Check {
  const expected = verdictOfMost(virtual);
  const same = real.filter(({ verdict }) => verdict.kind === expected).length;
  const most = Math.floor(real.length / 2) + 1;
  return within(`runs of ${real.length} that are \`${expected}\``, same, [most, null]);
}

function verdictOfMost(runs: readonly RunResult[]): Verdict['kind'] {
  const [first] = [...Map.groupBy(runs, ({ verdict }) => verdict.kind)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  );
  return first![0];
}

function isFast({ loopDelay, lateness }: Pace): boolean {
  return loopDelay < SLOWEST.loopDelay && lateness < SLOWEST.lateness;
}
