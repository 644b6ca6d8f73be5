import type { Recorder } from './recorder.ts';
import type { Verdict } from './result.ts';
import type { Cohort } from './tallies.ts';
import type { Trigger } from './trigger.ts';

/**
 * Goodput is judged as the share of requests that got a good answer in time, by the moment at which
 * they came: so neither chance in the arrivals nor a change of load is taken for a failure.
 */
export interface Goodput {
  readonly cohorts: readonly Cohort[];
  /** Of one cohort, in milliseconds. */
  readonly cohortLength: number;
  /** What is before is not looked at. */
  readonly warmUp: number;
  readonly duration: number;
}

/** How goodput went, as far as this run alone can tell. */
export interface Judgement {
  /** `collapsed` is metastable if a run without the trigger is stable. */
  readonly kind: 'stable' | 'degraded' | 'recovers' | 'collapsed' | 'unsettled';
  /** Milliseconds from the trigger's end until goodput is what it was; null: not within the run. */
  readonly recovery: number | null;
}

/** Less than this share of goodput's mean before the fault is a failure; less than that, a collapse. */
const FAILURE = 0.95;
const COLLAPSE = 0.9;
/** A shorter dip is none, in milliseconds. */
const DIP = 1000;
/** A collapse is judged over a horizon of at least so many times the trigger's length. */
const HORIZON = 20;
/** How likely chance alone may take a window below `FAILURE`. */
const CHANCE = 1e-5;
/** Windows take at most this share of the run. */
const LONGEST_WINDOW = 0.1;

/**
 * The worst that any of the users met.
 * @param undisturbed runs the same without the trigger; asked only if the verdict depends on it.
 */
export function verdictOf(
  recorder: Recorder,
  trigger: Trigger | null,
  undisturbed: () => Recorder,
): Verdict {
  const judgements = judgeUsers(recorder, trigger);
  const kinds = new Set(judgements.map((judgement) => judgement.kind));
  if (kinds.has('collapsed')) {
    const stable = judgeUsers(undisturbed(), trigger).every(({ kind }) => kind === 'stable');
    return { kind: stable ? 'metastable' : 'unsettled', after: null };
  }
  if (kinds.has('unsettled')) return { kind: 'unsettled', after: null };
  // Where nothing was broken there is nothing to recover from: more came than could be served.
  if (kinds.has('recovers') && trigger?.kind === 'fault') {
    const after = Math.max(...judgements.map((judgement) => judgement.recovery ?? 0));
    return { kind: 'recovers', after };
  }
  const failed = kinds.has('degraded') || kinds.has('recovers');
  return { kind: failed ? 'degraded' : 'stable', after: null };
}

/** All users' goodput, in the order of the spec. */
export function judgeUsers(recorder: Recorder, trigger: Trigger | null): Judgement[] {
  const { cohortLength, timeline } = recorder;
  const { warmUp, duration } = timeline;
  return Array.from(recorder.users.values(), ({ cohorts }) =>
    judge({ cohorts, cohortLength, warmUp, duration }, trigger),
  );
}

/** One series of goodput. Without a trigger, the mean of the whole run stands for that before. */
export function judge(goodput: Goodput, trigger: Omit<Trigger, 'kind'> | null): Judgement {
  const { cohortLength, duration, warmUp } = goodput;
  const windows = new Windows(goodput, trigger?.from ?? duration);
  // What was never well can neither stay so nor come back. And where all still wait, who knows?
  if (windows.normal === 0 || windows.isUnknown) return { kind: 'unsettled', recovery: null };
  const last = windows.lastBelow(trigger?.from ?? warmUp);
  if (last === null) return { kind: 'stable', recovery: trigger === null ? null : 0 };
  const settled = last < windows.lastJudged;
  if (trigger === null) return { kind: settled ? 'degraded' : 'unsettled', recovery: null };
  if (trigger.to >= duration) return { kind: 'degraded', recovery: null };
  if (settled) {
    const recovery = Math.max(0, (last + 1) * cohortLength - trigger.to);
    return { kind: recovery === 0 ? 'degraded' : 'recovers', recovery };
  }
  const horizon = duration - trigger.to;
  const collapsed =
    horizon >= HORIZON * (trigger.to - trigger.from) &&
    windows.allBelow(COLLAPSE, trigger.to + horizon / 2);
  return { kind: collapsed ? 'collapsed' : 'unsettled', recovery: null };
}

/** Goodput over every stretch of the run that is long enough to be judged. */
class Windows {
  /** The last window in which anything came; -1 if nothing ever did. */
  readonly lastJudged: number;
  /** The share of good answers before the trigger; 1 if nothing came then. */
  readonly normal: number;
  /** Requests came after the warm-up, and how they end is known of none. */
  readonly isUnknown: boolean;
  readonly #cohortLength: number;
  /** Requests that came, and good answers, up to each cohort. */
  readonly #judged: Float64Array;
  readonly #good: Float64Array;
  /** Cohorts to a window. */
  readonly #width: number;

  constructor({ cohorts, cohortLength, warmUp, duration }: Goodput, until: number) {
    this.#cohortLength = cohortLength;
    this.#judged = new Float64Array(cohorts.length + 1);
    this.#good = new Float64Array(cohorts.length + 1);
    for (const [index, { arrivals, open, good }] of cohorts.entries()) {
      this.#judged[index + 1] = this.#judged[index]! + arrivals - open;
      this.#good[index + 1] = this.#good[index]! + good;
    }
    const from = Math.min(Math.ceil(warmUp / cohortLength), cohorts.length);
    const to = Math.max(from, Math.min(Math.floor(until / cohortLength), cohorts.length));
    const judged = this.#judged[to]! - this.#judged[from]!;
    const came = cohorts.slice(from).some(({ arrivals }) => arrivals > 0);
    this.isUnknown = came && this.#judged.at(-1) === this.#judged[from];
    // Nothing came before: then all should be well.
    this.normal = judged === 0 ? 1 : (this.#good[to]! - this.#good[from]!) / judged;
    const rate = judged / ((to - from) * cohortLength);
    const wanted = judged === 0 ? DIP : Math.max(DIP, requestsToJudge(this.normal) / rate);
    const length = Math.min(wanted, Math.max(DIP, duration * LONGEST_WINDOW));
    this.#width = Math.min(Math.max(1, Math.ceil(length / cohortLength)), cohorts.length);
    this.lastJudged = this.#findLast(0, (window) => this.#judgedIn(window) > 0) ?? -1;
  }

  /** The last window that begins at a moment or later, and in which goodput failed. */
  lastBelow(from: number): number | null {
    return this.#findLast(from, (window) => this.#below(window, FAILURE));
  }

  /** Whether goodput was below a share of what it was in every window from a moment on. */
  allBelow(share: number, from: number): boolean {
    const isOther = (window: number): boolean =>
      this.#judgedIn(window) > 0 && !this.#below(window, share);
    return this.#findLast(from, isOther) === null;
  }

  #findLast(from: number, matches: (window: number) => boolean): number | null {
    const first = Math.floor(from / this.#cohortLength);
    let window = this.#judged.length - 1 - this.#width;
    while (window >= first && !matches(window)) window--;
    return window >= first ? window : null;
  }

  #below(window: number, share: number): boolean {
    const good = this.#good[window + this.#width]! - this.#good[window]!;
    return good < share * this.normal * this.#judgedIn(window);
  }

  #judgedIn(window: number): number {
    return this.#judged[window + this.#width]! - this.#judged[window]!;
  }
}

/**
 * How many requests, each of which is good with this probability, are less than `FAILURE` of their
 * mean good with a probability of at most `CHANCE`: Chernoff's bound, exp(-n D(FAILURE p || p)).
 */
function requestsToJudge(p: number): number {
  if (p === 0 || p === 1) return 0;
  const q = FAILURE * p;
  const divergence = q * Math.log(q / p) + (1 - q) * Math.log((1 - q) / (1 - p));
  return -Math.log(CHANCE) / divergence;
}
