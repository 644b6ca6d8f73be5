import type { RunResult, Verdict } from '../simulate/result.ts';
import type { Interval } from '../simulate/seeds.ts';
import { time, written } from './numbers.ts';
import { type LaneView, worstPhase } from './view.ts';

/** The verdict in a word or two. */
export function verdictText(verdict: Verdict): string {
  if (verdict.kind !== 'recovers' || verdict.after === null) return verdict.kind;
  return `recovers in ${time(verdict.after)}`;
}

/** What the verdict of a run means, and of which part of it. */
export function verdictMeaning(run: RunResult): string {
  if (run.judgedUntil === null) return meaningOf(run);
  const rest = `From ${time(run.judgedUntil)} on it fell without the fault as well, which is not judged.`;
  return `${meaningOf(run)} ${rest}`;
}

function meaningOf(run: RunResult): string {
  switch (run.verdict.kind) {
    case 'stable':
      return 'Goodput never fell below 95 % of what it was for a whole second, but by chance.';
    case 'degraded':
      return degradedMeaning(run);
    case 'recovers':
      return 'Goodput fell, and came back some time after the fault’s end.';
    case 'metastable':
      return 'Goodput stayed down long after its cause was gone, and without it the same load does no harm.';
    case 'unsettled':
      return 'Goodput did not come back, or was never there, and this run cannot tell whether it would.';
  }
}

/** What an expectation about metastability found, in words; null of any other expectation. */
export function metastabilityText(text: string, value: number): string | null {
  if (!/^\s*(not\s+)?metastable\b/.test(text)) return null;
  return value === 0 ? 'not metastable' : 'metastable';
}

/** A run without faults can be degraded too: more came than could be served. */
function degradedMeaning({ faults, trigger, duration, judgedUntil }: RunResult): string {
  if (judgedUntil !== null) return 'Goodput was by the fault’s end what it was before.';
  if (faults.length === 0 || trigger === null) return 'Goodput fell, though nothing was broken.';
  if (trigger.kind === 'load') {
    return 'Goodput fell when the load changed, under a fault that lasts throughout.';
  }
  if (trigger.to >= duration) {
    return 'Goodput fell during the fault, which went on to the end of the run.';
  }
  return 'Goodput fell during the fault, and was back by its end.';
}

/** How many of the seeds came to which verdict; empty for a single seed. */
export function seedsText(lane: LaneView): string {
  if (lane.spread === null || lane.spread.seeds.length < 2) return '';
  const counts = Object.entries(lane.spread.verdicts).map(([kind, count]) => `${kind} in ${count}`);
  return `Of ${lane.spread.seeds.length} seeds: ${counts.join(', ')}.`;
}

/** Of how many seeds a mean is, if not of all: a run that never recovered has no recovery to count. */
export function someOf({ runs }: Interval, seeds: number): string {
  return runs === seeds ? '' : ` (${runs} of ${seeds})`;
}

/** The share of all users' requests that were answered well, phase by phase if there is more than one. */
export function goodputText(run: RunResult): string {
  const phases = run.phases.map(({ name }) => {
    let [arrivals, good] = [0, 0];
    for (const { byPhase } of run.users) {
      const figures = byPhase[name];
      if (figures === undefined || figures.goodput === null) continue;
      arrivals += figures.arrivals;
      good += figures.arrivals * figures.goodput;
    }
    const share = written(arrivals === 0 ? null : good / arrivals, 'share');
    if (run.phases.length === 1) return share;
    return `${share} ${name === 'fault' ? 'during the fault' : name}`;
  });
  return phases.join(', ');
}

/** The highest amplification of any service, in its worst phase. */
export function amplificationText(run: RunResult): string {
  let [most, where] = [0, ''];
  for (const { name, byPhase } of run.services) {
    const value = worstPhase(byPhase, (figures) => figures.amplification)?.value ?? 0;
    if (value > most) [most, where] = [value, name];
  }
  return most === 0 ? written(null, 'ratio') : `${written(most, 'ratio')} at ${where}`;
}
