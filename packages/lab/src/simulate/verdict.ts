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

/** When a trigger acts, in milliseconds. */
type Span = Omit<Trigger, 'kind'>;

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
/** How likely chance alone may make something of a run in which goodput is what it was. */
const CHANCE = 1e-3;
/** Its logarithm: the level for what is looked at once. */
const ONE_LOOK = Math.log(CHANCE);
/** Standard errors beyond which failures are taken to come together. */
const SURE = 3;
/** Two of so many parts are one stretch, which may have been unlike all others. */
const PARTS = 8;
/** Without its worst stretch even what is usual shows less: so many times less is still the same. */
const LUCK = 2;
/** Windows of one length begin this share of it apart. */
const STRIDE = 0.1;

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
    const recovery = Math.max(0, (last + 1) * cohortLength - trigger.to);
    return { kind: recovery === 0 ? 'degraded' : 'recovers', recovery };
  }
  const horizon = duration - trigger.to;
  const collapsed =
    horizon >= HORIZON * (trigger.to - trigger.from) &&
    windows.isDownSince(trigger.to + horizon / 2);
  return { kind: collapsed ? 'collapsed' : 'unsettled', recovery: null };
}

/** Requests of which it is known how they ended. */
interface Sample {
  readonly judged: number;
  readonly good: number;
}

/** Windows of one length, in cohorts. */
interface Scale {
  readonly width: number;
  readonly stride: number;
  /** Logarithm of how likely what one window shows may be by chance. */
  readonly level: number;
}

/** Cohorts that show how failures come when all is as usual. */
interface Calm {
  readonly from: number;
  readonly to: number;
  /** Fewer windows show nothing. */
  readonly least: number;
  /** What lasts longer is a dip, if there may be one. */
  readonly longest: number;
}

/**
 * Goodput over windows of `DIP`, of twice that, and so on, up to the end: the short ones see a sharp dip, the
 * long ones one that lasts where few requests come. What a window shows counts if chance would hardly show it
 * in any of them (Bonferroni's correction), so that a window with few requests says nothing. Requests that fail
 * together are no independent trials: each such cluster counts as one (a quasi-binomial's design effect).
 */
class Windows {
  /** The share of good answers before the trigger; 1 if nothing came then. */
  readonly normal: number;
  /** Requests came after the warm-up, and how they end is known of none. */
  readonly isUnknown: boolean;
  readonly #cohortLength: number;
  /** Requests that came, and good answers, up to each cohort. */
  readonly #judged: Float64Array;
  readonly #good: Float64Array;
  readonly #before: Sample;
  readonly #during: Sample;
  /** Cohorts: that with which the first window begins, the first after the trigger (and `DIP`), and their number. */
  readonly #first: number;
  readonly #over: number;
  readonly #end: number;
  readonly #scales: readonly Scale[];
  /** Failures that come together, as those of a full queue do, are one chance: so many to each. */
  readonly #cluster: number;

  constructor({ cohorts, cohortLength, warmUp }: Goodput, trigger: Span | null) {
    this.#cohortLength = cohortLength;
    this.#end = cohorts.length;
    this.#judged = new Float64Array(cohorts.length + 1);
    this.#good = new Float64Array(cohorts.length + 1);
    for (const [index, { arrivals, open, good }] of cohorts.entries()) {
      this.#judged[index + 1] = this.#judged[index]! + arrivals - open;
      this.#good[index + 1] = this.#good[index]! + good;
    }
    const warm = Math.min(Math.ceil(warmUp / cohortLength), this.#end);
    this.#first = trigger === null ? warm : Math.floor(trigger.from / cohortLength);
    this.#before = this.#sample(warm, trigger === null ? this.#end : Math.max(warm, this.#first));
    // Nothing came before: then all should be well.
    this.normal = this.#before.judged === 0 ? 1 : this.#before.good / this.#before.judged;
    const came = cohorts.slice(warm).some(({ arrivals }) => arrivals > 0);
    this.isUnknown = came && this.#sample(warm, this.#end).judged === 0;
    const shortest = Math.ceil(DIP / cohortLength);
    this.#scales = scalesOf(this.#end - this.#first, shortest);
    const calm: Calm =
      trigger === null
        ? { from: warm, to: this.#end, least: 20, longest: 2 * shortest }
        : { from: warm, to: this.#first, least: 8, longest: Infinity };
    this.#cluster = Math.max(1, ...this.#scales.map(({ width }) => this.#clusterOf(width, calm)));
    const over = trigger === null ? this.#first : Math.ceil(trigger.to / cohortLength);
    this.#over = Math.min(Math.max(over, this.#first + shortest), this.#end);
    this.#during = this.#sample(this.#first, this.#over);
  }

  /** Where the last window begins in which goodput failed. */
  lastBelow(): number | null {
    const last = this.#scales.map((scale) =>
      this.#lastOf(scale, this.#first, (window) => this.#isBelow(window, FAILURE, scale.level)),
    );
    // Few requests that fail during the trigger are no chance: where to look was known beforehand.
    last.push(this.#isBelow(this.#during, FAILURE, ONE_LOOK) ? this.#first : null);
    const found = last.filter((begin) => begin !== null);
    return found.length === 0 ? null : Math.max(...found);
  }

  /** Whether goodput from some moment after a cohort to the end is what it was, and was less before that moment. */
  isWellAfter(cohort: number): boolean {
    if (cohort < this.#over && this.#isWellFrom(this.#over, this.#during, ONE_LOOK)) return true;
    // Each cohort may be that moment: as often as shortest windows begin.
    const { width: shortest, level } = this.#scales[0]!;
    for (let at = cohort + 1; at <= this.#end - shortest; at++) {
      const isBack = ({ width }: Scale): boolean =>
        at - width >= this.#first && this.#isWellFrom(at, this.#sample(at - width, at), level);
      if (this.#scales.some(isBack)) return true;
    }
    return false;
  }

  /** Whether goodput is down from a moment on, and is not back in any window. */
  isDownSince(moment: number): boolean {
    const first = Math.floor(moment / this.#cohortLength);
    const all = this.#sample(first, this.#end);
    if (!this.#isBelow(all, COLLAPSE, ONE_LOOK)) return false;
    return this.#scales.every((scale) => {
      const isBack = (window: Sample): boolean => {
        const others = { judged: all.judged - window.judged, good: all.good - window.good };
        return !this.#isLess(window, COLLAPSE) && this.#chanceOfFewer(others, window) < scale.level;
      };
      return this.#lastOf(scale, first, isBack) === null;
    });
  }

  #isWellFrom(cohort: number, before: Sample, level: number): boolean {
    const since = this.#sample(cohort, this.#end);
    return !this.#isLess(since, FAILURE) && this.#chanceOfFewer(before, since) < level;
  }

  /** Where the last such window begins, of those that begin with a cohort or later. */
  #lastOf(
    { width, stride }: Scale,
    first: number,
    matches: (window: Sample) => boolean,
  ): number | null {
    let at = this.#end - width;
    while (at >= first && !matches(this.#sample(at, at + width))) at -= stride;
    return at >= first ? at : null;
  }

  /** Less than a share of what is normal, and not by chance. */
  #isBelow(window: Sample, share: number, level: number): boolean {
    if (!this.#isLess(window, share)) return false;
    return this.#before.judged === 0 || this.#chanceOfFewer(window, this.#before) < level;
  }

  #chanceOfFewer(one: Sample, other: Sample): number {
    return chanceOfFewer(thinned(one, this.#cluster), thinned(other, this.#cluster));
  }

  /** What windows of one length show of it, if there are enough of them. */
  #clusterOf(width: number, { from, to, least, longest }: Calm): number {
    const windows = Math.floor((to - from) / width);
    if (width > longest || windows < least) return 1;
    return usualCluster(
      Array.from({ length: windows }, (_, i) =>
        this.#sample(from + i * width, from + (i + 1) * width),
      ),
    );
  }

  #isLess({ judged, good }: Sample, share: number): boolean {
    return good < share * this.normal * judged;
  }

  #sample(from: number, to: number): Sample {
    return {
      judged: this.#judged[to]! - this.#judged[from]!,
      good: this.#good[to]! - this.#good[from]!,
    };
  }
}

/**
 * How many failures usually come together. What came once, an outage or a cold start say, is no measure of that,
 * and would excuse all that is like it: it counts for little more than what the rest shows without it.
 */
function usualCluster(windows: readonly Sample[]): number {
  let cluster = clusterIn(windows, SURE);
  const stride = Math.round(windows.length / PARTS);
  for (let at = 0; cluster > 1 && at < windows.length; at += stride) {
    const rest = windows.toSpliced(at, 2 * stride);
    cluster = Math.min(cluster, LUCK * clusterIn(rest, 0));
  }
  return cluster;
}

/**
 * How much more the failures in neighbouring windows differ than if each came by itself: their variance, by
 * von Neumann's successive differences, over a binomial one's. 1 where it is not above that by so many standard errors.
 */
function clusterIn(windows: readonly Sample[], sure: number): number {
  const judged = windows.reduce((sum, window) => sum + window.judged, 0);
  const good = windows.reduce((sum, window) => sum + window.good, 0);
  const failed = judged - good;
  if (failed === 0 || good === 0) return 1;
  const excess = windows.map((one) => one.judged - one.good - (one.judged * failed) / judged);
  const squares = excess.slice(1).map((each, i) => (each - excess[i]!) ** 2 / 2);
  const variance = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  const expected = failed / windows.length;
  const ratio = variance / (expected * (good / judged));
  // Of that variance where each failure comes by itself: they are then as good as Poisson's.
  const error = Math.sqrt((3 + 1 / expected) / squares.length);
  return ratio > 1 + sure * error ? ratio : 1;
}

/** One of so many, of the good ones and of the others. */
function thinned({ judged, good }: Sample, cluster: number): Sample {
  const kept = Math.round(good / cluster);
  return { judged: kept + Math.round((judged - good) / cluster), good: kept };
}

/** Of so many cohorts; the shortest windows are of `shortest`, or of all if these are fewer. */
function scalesOf(cohorts: number, shortest: number): Scale[] {
  const widths: number[] = [];
  for (let width = Math.min(shortest, cohorts); width >= 1 && width <= cohorts; width *= 2) {
    widths.push(width);
  }
  return widths.map((width) => {
    const stride = Math.max(1, Math.floor(width * STRIDE));
    const windows = Math.floor((cohorts - width) / stride) + 1;
    return { width, stride, level: Math.log(CHANCE / windows / widths.length) };
  });
}

/**
 * Logarithm of how likely it is that, of two samples alike, so few good ones are in the first: Fisher's exact
 * test. The terms of its tail fall at least as fast as a geometric series.
 */
function chanceOfFewer(one: Sample, other: Sample): number {
  const bad = other.judged - other.good;
  const ratio = (one.good / (one.judged - one.good + 1)) * (bad / (other.good + 1));
  if (ratio >= 1) return 0;
  const [judged, good] = [one.judged + other.judged, one.good + other.good];
  const term =
    logChoose(one.judged, one.good) + logChoose(other.judged, other.good) - logChoose(judged, good);
  return term - Math.log(1 - ratio);
}

function logChoose(all: number, some: number): number {
  return logFactorial(all) - logFactorial(some) - logFactorial(all - some);
}

/** Stirling's series, off by less than 0.001. */
function logFactorial(n: number): number {
  return n === 0 ? 0 : (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n);
}
