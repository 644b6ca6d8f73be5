import { milliseconds } from 'holdfast/spec';
import type { Fleet } from '../spec/model.ts';
import { notKnown } from '../spec/descriptors.ts';
import { exactDuration } from '../spec/exact-duration.ts';
import { fleetOf, SpecError } from '../spec/fleet.ts';
import { measure } from './expectations.ts';
import type { RunResult, Verdict } from './result.ts';

/** Where the fleet is stable, vulnerable and metastable: verdicts over one parameter's values. */
export interface Sweep {
  /** The dotted path into the spec as written: `users.shoppers.rate`. */
  readonly parameter: string;
  /** In rising order; durations in milliseconds, shares from 0 to 1. */
  readonly values: readonly number[];
  /** The same for people: `20ms`, `165`, `5%`. */
  readonly labels: readonly string[];
  readonly rows: readonly SweepRow[];
}

/** One scenario in one lane. */
export interface SweepRow {
  readonly scenario: string;
  readonly lane: string;
  /** For each of the sweep's values. */
  readonly cells: readonly SweepCell[];
}

/** What a value came to over the seeds. */
export interface SweepCell {
  /** The worst of the seeds'. */
  readonly verdict: Verdict;
  /** Share of all users' requests that got a good answer in time, mean over the seeds; null of nothing. */
  readonly goodput: number | null;
}

type Unit = 'number' | 'time' | 'share';

/** What to vary: `users.shoppers.rate=100..200/10`. */
export interface SweepRange {
  /** As it was written. */
  readonly text: string;
  readonly parameter: string;
  /** Keys and indices from the top of the spec. */
  readonly path: readonly string[];
  readonly values: readonly number[];
  readonly unit: Unit;
}

/** More values than these are a typing error, or more than a table shows. */
const MAX_VALUES = 200;
const FORM =
  'PARAM=FROM..TO/STEP, like users.shoppers.rate=100..200/10 or services."eu.web".serviceTime=5ms..50ms/5ms';

/** @throws RangeError when the text is no sweep. */
export function parseSweep(text: string): SweepRange {
  const match = /^([^=]+)=(.+?)\.\.(.+)\/(.+)$/.exec(text.replaceAll(/\s/g, ''));
  if (match === null) throw wrong(text, `must be ${FORM}`);
  const [, parameter, ...bounds] = match as unknown as [string, string, string, string, string];
  const path = keysOf(parameter);
  if (path === null || path.includes('__proto__')) {
    throw wrong(text, `must begin with a dotted path into the spec: ${FORM}`);
  }
  const unit = unitOf(bounds);
  const [from, to, step] = bounds.map(READERS[unit]) as [number, number, number];
  if (![from, to, step].every(Number.isFinite)) {
    throw wrong(
      text,
      "must have three numbers or three durations or shares, like '20ms' or '5%', behind the '='",
    );
  }
  if (step <= 0) throw wrong(text, 'must have a step above 0');
  if (to < from) throw wrong(text, 'must go from the smaller value to the larger');
  // A little more than the quotient: rounding must not cost the last step.
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > MAX_VALUES) throw wrong(text, `has ${count} values; at most ${MAX_VALUES} are swept`);
  const values = Array.from({ length: count }, (_, i) => rounded(from + i * step));
  return { text, parameter, path, values, unit };
}

/**
 * The fleet with one value of the sweep in place.
 *
 * @param spec as it is written, checked; it stays as it is.
 * @throws RangeError when the path does not lead to a value, SpecError when the value is none for it.
 */
export function fleetWith(spec: unknown, range: SweepRange, value: number): Fleet {
  const written = range.unit === 'time' ? `${value}ms` : value;
  const changed = changedAt(spec, range, written);
  try {
    return fleetOf(changed);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    // What is wrong now is not in the file.
    const where = `--sweep ${range.parameter}, with ${written}:`;
    throw new SpecError(
      error.problems.map(({ message, path }) => ({ message: `${where} ${message}`, path })),
    );
  }
}

const NO_SERIES = { arrivals: [], goodput: [], p50: [], p99: [] };

/** What a sweep needs of a run: so little that there is room for a hundred thousand of them. */
export function sweptOf(run: RunResult): RunResult {
  const users = run.users.map((each) => ({ ...each, byPhase: {}, series: NO_SERIES }));
  return { ...run, users, services: [], edges: [], expectations: [] };
}

/**
 * The table of verdicts.
 *
 * @param runs of each value, in the order of the values: all scenarios, lanes and seeds; `sweptOf` them is enough.
 */
export function sweepOf(range: SweepRange, runs: readonly (readonly RunResult[])[]): Sweep {
  const rows = Map.groupBy(runs[0] ?? [], (run) => rowOf(run));
  return {
    parameter: range.parameter,
    values: range.values,
    labels: range.values.map(LABELS[range.unit]),
    rows: Array.from(rows, ([row, [first]]) => ({
      scenario: first!.scenario,
      lane: first!.lane,
      cells: runs.map((ofValue) => cellOf(ofValue.filter((run) => rowOf(run) === row))),
    })),
  };
}

/** One key of a path: as it is, in quotes if it has dots of its own, or an index as errors write it. */
const KEY = /(?:^|\.)(?:"([^"]+)"|'([^']+)'|([^."'[\]]+))|\[(\d+)\]/y;

/** The keys of a dotted path; null if it is none. */
function keysOf(path: string): readonly string[] | null {
  const keys: string[] = [];
  KEY.lastIndex = 0;
  while (KEY.lastIndex < path.length) {
    const [, ...forms] = KEY.exec(path) ?? [];
    const key = forms.find((form) => form !== undefined);
    if (key === undefined) return null;
    keys.push(key);
  }
  return keys;
}

/** From what is best to what is worst. */
const SEVERITY: readonly Verdict['kind'][] = [
  'stable',
  'degraded',
  'recovers',
  'unsettled',
  'metastable',
];

function cellOf(runs: readonly RunResult[]): SweepCell {
  const verdict = runs
    .map((run) => run.verdict)
    .reduce((worst, each) => {
      const more = severity(each) - severity(worst) || (each.after ?? 0) - (worst.after ?? 0);
      return more > 0 ? each : worst;
    });
  const goodput = runs
    .map((run) => measure(run, { measure: 'goodput', at: null, during: 'all' }))
    .filter((share) => share !== null);
  const sum = goodput.reduce((total, share) => total + share, 0);
  const mean = goodput.length === 0 ? null : Number((sum / goodput.length).toPrecision(6));
  return { verdict, goodput: mean };
}

function severity(verdict: Verdict): number {
  return SEVERITY.indexOf(verdict.kind);
}

function rowOf({ scenario, lane }: RunResult): string {
  return JSON.stringify([scenario, lane]);
}

/** Copies only what leads to the place: what is an alias of it elsewhere keeps its value. */
function changedAt(
  value: unknown,
  range: SweepRange,
  written: string | number,
  depth = 0,
): Record<string, unknown> {
  const holder = holderOf(value, range, depth);
  const key = range.path[depth]!;
  if (depth === 1) checkName(holder, range);
  const isLast = depth === range.path.length - 1;
  const inner = isLast ? written : changedAt(holder[key] ?? {}, range, written, depth + 1);
  const copy = (Array.isArray(holder) ? [...holder] : { ...holder }) as Record<string, unknown>;
  copy[key] = inner;
  return copy;
}

function holderOf(
  value: unknown,
  { path, parameter }: SweepRange,
  depth: number,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    const where = path.slice(0, depth).join('.') || 'the spec';
    throw new RangeError(
      `--sweep ${parameter}: ${where} is ${JSON.stringify(value)}, which has no '${path[depth]}'`,
    );
  }
  const index = path[depth]!;
  if (Array.isArray(value) && !(INDEX.test(index) && Number(index) < value.length)) {
    const where = path.slice(0, depth).join('.');
    throw new RangeError(
      `--sweep ${parameter}: ${where} is a list of ${value.length}; '${index}' must be an index from 0`,
    );
  }
  return value as Record<string, unknown>;
}

/** Sections whose keys are names: what is not there has not been left out, it is misspelt. */
const BY_NAME = new Set(['policies', 'services', 'users', 'lanes', 'scenarios']);

function checkName(section: Record<string, unknown>, { path, parameter }: SweepRange): void {
  const [where, name] = path as [string, string];
  if (!BY_NAME.has(where) || Object.hasOwn(section, name)) return;
  const names = Object.keys(section);
  const written = `${path.slice(1).join('.')}.`;
  const dotted = names.find((other) => other.includes('.') && written.startsWith(`${other}.`));
  const why =
    dotted === undefined
      ? notKnown(name, `one of the spec's ${where}`, names)
      : `a name with dots stands in quotes: ${where}."${dotted}"`;
  throw new RangeError(`--sweep ${parameter}: ${why}`);
}

/** As an array has its keys: with any other it would have a value that nobody reads. */
const INDEX = /^(0|[1-9]\d*)$/;

function unitOf(bounds: readonly string[]): Unit {
  const numbers = bounds.filter(isNumber);
  if (numbers.length === bounds.length) return 'number';
  const isShare = numbers.every(isZero) && bounds.some((bound) => bound.endsWith('%'));
  return isShare ? 'share' : 'time';
}

/** NaN for what is none. */
const READERS: Readonly<Record<Unit, (text: string) => number>> = {
  number: Number,
  time: (text) => (isZero(text) ? 0 : milliseconds(text)),
  share: (text) => {
    if (isZero(text)) return 0;
    const percent = text.replace(/%$/, '');
    return percent !== text && isNumber(percent) ? Number(percent) / 100 : NaN;
  },
};

const LABELS: Readonly<Record<Unit, (value: number) => string>> = {
  number: String,
  time: exactDuration,
  share: (value) => `${rounded(value * 100)}%`,
};

/** Without the digits that adding up leaves behind. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

/** It needs no unit. */
function isZero(text: string): boolean {
  return text === '0';
}

function wrong(text: string, why: string): RangeError {
  return new RangeError(`'${text.slice(0, 80)}' ${why}`);
}
