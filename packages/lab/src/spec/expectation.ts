import { milliseconds } from 'holdfast/spec';
import { notKnown, shareOf } from './descriptors.ts';
import type { Expectation, Measure } from './model.ts';

/** What a measure's bound is written in. */
type Unit = 'number' | 'share' | 'time';

/** Of what there is a measure. */
type PlaceKind = 'services' | 'users';

const SERVICES: readonly PlaceKind[] = ['services'];
const USERS: readonly PlaceKind[] = ['users'];
const BOTH: readonly PlaceKind[] = [...SERVICES, ...USERS];

/** Every measure: what its bounds are, of what it is, and what it means. */
export const MEASURES: Readonly<
  Record<Measure, readonly [unit: Unit, at: readonly PlaceKind[], what: string]>
> = {
  amplification: [
    'number',
    SERVICES,
    'requests that reached it / requests that would have, had nobody retried',
  ],
  'attempts-per-call': ['number', BOTH, 'attempts / calls'],
  goodput: ['share', BOTH, 'answers that were correct and in time / calls'],
  p50: ['time', BOTH, 'half of the answers take no longer'],
  p95: ['time', BOTH, '95 % of the answers take no longer'],
  p99: ['time', BOTH, '99 % of the answers take no longer'],
  recovery: ['time', USERS, 'from the end of the last fault until they are served as before'],
  duplicates: [
    'number',
    SERVICES,
    'effects that happened twice, those that do no harm (`idempotent`) included',
  ],
  wasted: ['share', SERVICES, 'work whose caller had given up / all work'],
  queue: ['number', SERVICES, 'requests that waited at most at once'],
  metastable: ['number', USERS, '1 if the fault is over and the failure is not, else 0'],
};

/** These are of the whole run, and of no phase of it. */
const OF_THE_RUN: ReadonlySet<Measure> = new Set(['recovery', 'metastable']);

/** How an expectation names where it is measured. */
export const PLACES: Readonly<Record<PlaceKind, string>> = {
  services: 'a service',
  users: 'users',
};

const FORM =
  "'<measure> [at <service or users>] [before | during the fault | after] <= | >= | = <number>[%|ms|s|m]', 'recovers within <time>' or 'not metastable'";

const DURING = { before: 'before', 'during the fault': 'fault', after: 'after' } as const;

/** How the bounds of each are written. */
export const UNIT_RANGES: Readonly<Record<Unit, string>> = {
  number: 'a number of at least 0, without a unit',
  share: "a share from 0 to 1, or like '95%'",
  time: "a duration like '250ms' or '10s'",
};

/** An expectation that can be evaluated; else what is wrong with it. */
export type Parsed = Omit<Expectation, 'path'> | string;

/** What an expectation may name. */
export type Places = Readonly<Record<PlaceKind, readonly string[]>>;

export function parseExpectation(text: string, places: Places): Parsed {
  const plain = text.trim().replaceAll(/\s+/g, ' ');
  if (plain === 'not metastable') return whole(text, 'metastable', '=', 0);
  const within = /^recovers within (.+)$/.exec(plain);
  if (within !== null) return bounded(whole(text, 'recovery', '<=', 0), within[1]!);
  const parts =
    /^([^\s<>=]+)(?: at ([^\s<>=]+))?(?: (before|during the fault|after))? ?(<=|>=|=) ?([^<>=]+)$/.exec(
      plain,
    );
  if (parts === null)
    return edgeIn(plain, places) ?? `must be ${FORM}, got '${plain.slice(0, 60)}'`;
  const [, measure, at, during, is, bound] = parts;
  if (!Object.hasOwn(MEASURES, measure!)) {
    return notKnown(measure!, 'a measure first', Object.keys(MEASURES));
  }
  const misplaced = at === undefined ? null : checkPlace(measure as Measure, at, places);
  if (misplaced !== null) return misplaced;
  if (during !== undefined && OF_THE_RUN.has(measure as Measure)) {
    return `must not have '${during}': ${measure} is measured over the whole run`;
  }
  const expectation = {
    ...whole(text, measure as Measure, is as Expectation['is'], 0),
    at: at ?? null,
    during: during === undefined ? ('all' as const) : DURING[during as keyof typeof DURING],
  };
  return bounded(expectation, bound!);
}

/** What is wrong with an expectation of an edge; null for any other. */
function edgeIn(plain: string, { services, users }: Places): string | null {
  const names = /\bat ["']?([^\s<>="']+) ?> ?([^\s<>="']+)/.exec(plain)?.slice(1) ?? [];
  if (names.length === 0 || !names.every((name) => [...services, ...users].includes(name)))
    return null;
  const [from, to] = names;
  return `must be at a service or at users, and ${from} > ${to} is an edge: its calls are in the report; say at ${to} or at ${from}`;
}

/** What is wrong with the place of a measure; null if nothing is. */
function checkPlace(measure: Measure, at: string, places: Places): string | null {
  const [, kinds] = MEASURES[measure];
  if (kinds.some((kind) => places[kind].includes(at))) return null;
  const range = `at ${kinds.map((kind) => PLACES[kind]).join(' or at ')}`;
  const fitting = kinds.flatMap((kind) => places[kind]);
  if (!Object.values(places).flat().includes(at)) return notKnown(at, range, fitting);
  const known = fitting.length === 0 ? 'there are none' : `there are ${fitting.join(', ')}`;
  return `must be ${range}: ${at} has no ${measure}; ${known}`;
}

function whole(
  text: string,
  measure: Measure,
  is: Expectation['is'],
  bound: number,
): Omit<Expectation, 'path'> {
  return { text, measure, at: null, during: 'all', is, bound };
}

function bounded(expectation: Omit<Expectation, 'path'>, written: string): Parsed {
  const [unit] = MEASURES[expectation.measure];
  const bound = READ[unit](written.replace(' ', ''));
  if (Number.isNaN(bound)) {
    return `must end with ${UNIT_RANGES[unit]} for ${expectation.measure}, got '${written.slice(0, 60)}'`;
  }
  return { ...expectation, bound };
}

const READ: Readonly<Record<Unit, (written: string) => number>> = {
  number: plainNumber,
  share: (written) => {
    const value = written.endsWith('%') ? shareOf(written) : plainNumber(written);
    return value <= 1 ? value : NaN;
  },
  time: milliseconds,
};

function plainNumber(written: string): number {
  return /^\d+(\.\d+)?$/.test(written) ? Number(written) : NaN;
}
