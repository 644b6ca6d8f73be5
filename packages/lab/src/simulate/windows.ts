import { chanceOfFewer, type Sample, thinned, usualCluster } from './chance.ts';
import type { Cohort } from './tallies.ts';
import type { Span } from './trigger.ts';

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

/** Less than this share of goodput's mean before the fault is a failure; less than that, a collapse. */
const FAILURE = 0.95;
const COLLAPSE = 0.9;
/** What stands for the time before where nobody came: all but failed, and so often that chance is only what follows. */
const SUPPOSED: Sample = { judged: 1e9, good: FAILURE * 1e9 };
/** A shorter dip is none, in milliseconds. */
export const DIP = 1000;
/** How likely chance alone may make something of a run in which goodput is what it was. */
const CHANCE = 1e-3;
/** Its logarithm: the level for what is looked at once. */
const ONE_LOOK = Math.log(CHANCE);
/** Windows of one length begin this share of it apart. */
const STRIDE = 0.1;

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
  /** Fewer windows than these show nothing. */
  readonly least: number;
  /** The widest window: what lasts longer may be a dip. */
  readonly longest: number;
}

/**
 * Goodput in windows of `DIP`, of twice that, and so on, up to the end: the short ones see a sharp dip,
 * the long ones one that lasts where few requests come. What a window shows counts only if chance would
 * hardly show it in any of them (Bonferroni's correction): a window with few requests says nothing.
 */
export class Windows {
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
  /** The cohort with which the first window begins, the first one after the trigger (and `DIP`), and their number. */
  readonly #first: number;
  readonly #over: number;
  readonly #end: number;
  readonly #scales: readonly Scale[];
  /** How many failures come together, as at a full queue: they count as one. */
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

  /** Where the last window begins in which goodput failed; null if it never did. */
  lastBelow(): number | null {
    const last = this.#scales.map((scale) =>
      this.#lastOf(scale, this.#first, (window) => this.#isBelow(window, FAILURE, scale.level)),
    );
    // The trigger's own time is looked at once: few failures are enough there, since where to look was known.
    last.push(this.#isBelow(this.#during, FAILURE, ONE_LOOK) ? this.#first : null);
    const found = last.filter((begin) => begin !== null);
    return found.length === 0 ? null : Math.max(...found);
  }

  /** Where the first window after the trigger begins, by its end, in which goodput failed; null if it never did. */
  firstBelowAfter(): number | null {
    let [first, end] = [null as number | null, Infinity];
    for (const { width, stride, level } of this.#scales) {
      for (let at = this.#over; at + width < end && at + width <= this.#end; at += stride) {
        if (!this.#isBelow(this.#sample(at, at + width), FAILURE, level)) continue;
        [first, end] = [at, at + width];
      }
    }
    return first;
  }

  /** Whether goodput came back after a cohort: from some moment on it is what it was, and was less before. */
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
    const before = this.#before.judged === 0 ? SUPPOSED : this.#before;
    return this.#chanceOfFewer(window, before) < level;
  }

  #chanceOfFewer(one: Sample, other: Sample): number {
    return chanceOfFewer(thinned(one, this.#cluster), thinned(other, this.#cluster));
  }

  /** How many failures come together in windows of one length, if there are enough of them. */
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

/** The lengths of the windows over so many cohorts: `shortest`, or all of them if they are fewer, and its doubles. */
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
