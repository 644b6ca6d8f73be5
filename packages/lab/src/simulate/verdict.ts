import type { Recorder } from './recorder.ts';
import type { Verdict } from './result.ts';
import type { Span, Trigger } from './trigger.ts';
import { DIP, type Goodput, Windows } from './windows.ts';

/** How goodput went, as far as this run alone can tell. */
export interface Judgement {
  /** `collapsed` is metastable if a run without the trigger is stable. */
  readonly kind: 'stable' | 'degraded' | 'recovers' | 'collapsed' | 'unsettled';
  /** Milliseconds from the trigger's end until goodput is what it was; null: not within the run. */
  readonly recovery: number | null;
}

/** A collapse is judged over a horizon of at least so many times the trigger's length; if it takes no time, that of a dip. */
const HORIZON = 20;

/**
 * The worst that any of the users met.
 * @param undisturbed runs the same without the trigger; asked only if the verdict depends on it.
 * @param until what came later is not judged; see `endOfJudging`.
 */
export function verdictOf(
  recorder: Recorder,
  trigger: Trigger | null,
  undisturbed: () => Recorder,
  until = Infinity,
): Verdict {
  const judgements = judgeUsers(recorder, trigger, until);
  const kinds = new Set(judgements.map((judgement) => judgement.kind));
  if (kinds.has('collapsed')) {
    const calm = judgeUsers(undisturbed(), trigger, until);
    const stable = calm.every(({ kind }) => kind === 'stable');
    return { kind: stable ? 'metastable' : 'unsettled', after: null };
  }
  if (kinds.has('unsettled')) return { kind: 'unsettled', after: null };
  // Where nothing was broken there is nothing to recover from: more came than could be served.
  if (kinds.has('recovers') && trigger?.kind === 'fault') {
    const after = Math.max(...judgements.map((judgement) => judgement.recovery ?? 0));
    return { kind: 'recovers', after };
  }
  // What is not judged went wrong.
  const failed = kinds.has('degraded') || kinds.has('recovers') || until < Infinity;
  return { kind: failed ? 'degraded' : 'stable', after: null };
}

/**
 * The moment after the faults from which on the load alone fails users, as a run without the faults shows: what
 * comes then is not theirs. Infinity if there is none, or if it cannot be told from what the faults have left.
 */
export function endOfJudging(
  recorder: Recorder,
  trigger: Trigger,
  undisturbed: () => Recorder,
): number {
  const kinds = judgeUsers(recorder, trigger).map(({ kind }) => kind);
  if (kinds.every((kind) => kind === 'stable' || kind === 'degraded')) return Infinity;
  const alone = windowsOf(undisturbed(), trigger).map((windows) => windows.firstBelowAfter());
  const until = Math.min(...alone.map((cohort) => cohort ?? Infinity)) * recorder.cohortLength;
  if (until < trigger.to + DIP || until === Infinity) return Infinity;
  const isTold = judgeUsers(recorder, trigger, until).every(({ kind }) => kind !== 'unsettled');
  return isTold ? until : Infinity;
}

/** All users' goodput, in the order of the spec. */
export function judgeUsers(
  recorder: Recorder,
  trigger: Trigger | null,
  until = Infinity,
): Judgement[] {
  return goodputs(recorder, until).map((goodput) => judge(goodput, trigger));
}

function windowsOf(recorder: Recorder, trigger: Trigger): Windows[] {
  return goodputs(recorder, Infinity).map((goodput) => new Windows(goodput, trigger));
}

function goodputs({ cohortLength, timeline, users }: Recorder, until: number): Goodput[] {
  const { warmUp } = timeline;
  const duration = Math.min(timeline.duration, until);
  const end = Math.ceil(duration / cohortLength);
  return Array.from(users.values(), ({ cohorts }) => ({
    cohorts: cohorts.slice(0, end),
    cohortLength,
    warmUp,
    duration,
  }));
}

/** One series of goodput. Without a trigger, the mean of the whole run stands for that before. */
export function judge(goodput: Goodput, trigger: Span | null): Judgement {
  const { cohortLength, duration } = goodput;
  const windows = new Windows(goodput, trigger);
  // What was never well can neither stay so nor come back. And where all still wait, who knows?
  if (windows.normal === 0 || windows.isUnknown) return { kind: 'unsettled', recovery: null };
  const last = windows.lastBelow();
  if (last === null) return { kind: 'stable', recovery: trigger === null ? null : 0 };
  const settled = windows.isWellAfter(last);
  if (trigger === null) return { kind: settled ? 'degraded' : 'unsettled', recovery: null };
  if (trigger.to >= duration) return { kind: 'degraded', recovery: null };
  if (settled) {
    // Who came with the trigger's end is counted with those who came a little later.
    const isOver = last * cohortLength < trigger.to;
    const recovery = isOver ? 0 : (last + 1) * cohortLength - trigger.to;
    return { kind: recovery === 0 ? 'degraded' : 'recovers', recovery };
  }
  const horizon = duration - trigger.to;
  const length = trigger.to - trigger.from - (trigger.calm ?? 0);
  const collapsed =
    horizon >= HORIZON * (length === 0 ? DIP : length) &&
    windows.isDownSince(trigger.to + horizon / 2);
  return { kind: collapsed ? 'collapsed' : 'unsettled', recovery: null };
}
