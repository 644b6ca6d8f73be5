import { type Descriptor, integer, number, oneOf, type ParsedOf } from 'holdfast/spec';
import {
  type GivenRecord,
  listOf,
  mapOf,
  nameOf,
  orNull,
  record,
  required,
  span,
} from './descriptors.ts';
import { distribution } from './distribution.ts';
import type { RatePiece } from './model.ts';
import { policy } from './policies.ts';
import { reading } from './problems.ts';
import { callTraits } from './services.ts';
import { exactlyOne, onlyWith } from './combinations.ts';
import { MAX_MOMENTS } from './trace.ts';

/** Requests a second that users may send. */
const MAX_RATE = 1_000_000;

/** One piece of a rate over time. */
export const pieceTable = {
  at: required(span({ what: 'From this moment of the scenario until the next piece' }), 0),
  rate: required(number({ what: 'Requests a second', default: 0, min: 0, max: MAX_RATE }), 0),
  until: orNull(
    number({
      what: "A ramp: the rate at the piece's end. Left out: the same as `rate`",
      default: 0,
      min: 0,
      max: MAX_RATE,
    }),
  ),
};

const pieces = listOf(record(pieceTable, { what: 'A piece' }), {
  what: 'Pieces over time',
  min: 1,
  max: 1000,
});

const steady = number({ what: 'Requests a second', default: 0, min: 0, max: MAX_RATE });

type RateData = number | readonly GivenRecord<typeof pieceTable>[];

/** Requests a second: the same all the time, or in pieces. */
const rate: Descriptor<RateData, readonly RatePiece[]> = {
  kind: 'list',
  what: 'Open load: requests a second, or pieces `{ at, rate, until }` over time',
  default: undefined,
  range: `${steady.range}, or a list of { at, rate, until }`,
  schema: { anyOf: [steady.schema, pieces.schema] },
  table: pieceTable,
  parse: (given, path, problems) => {
    if (!Array.isArray(given)) {
      if (typeof given !== 'number') problems.type(path, rate.range, given);
      const flat = typeof given === 'number' ? steady.parse(given, path, problems) : 0;
      return [{ at: 0, rate: flat, until: flat }];
    }
    const before = reading(problems).count;
    const parsed = pieces.parse(given, path, problems).map((piece) => ({
      at: piece.at,
      rate: piece.rate,
      until: piece.until ?? piece.rate,
    }));
    const late = parsed.findIndex((piece, i) => i > 0 && piece.at <= parsed[i - 1]!.at);
    // A wrong piece stands at 0.
    if (late !== -1 && reading(problems).count === before) {
      problems.other(`${path}[${late}].at must be later than the piece before`);
    }
    // Nobody comes before the first piece.
    const first = parsed[0];
    return first === undefined || first.at > 0 ? [{ at: 0, rate: 0, until: 0 }, ...parsed] : parsed;
  },
};

const moments = listOf(span({ what: 'A moment' }), {
  what: 'Replayed load: the moments at which requests come, or the path of a file that has one a line',
  min: 1,
  max: MAX_MOMENTS,
});

type MomentsData = typeof moments extends Descriptor<infer Given, unknown> ? Given : never;

/** Moments; from a file, whoever reads the spec's file has read them. */
const trace: Descriptor<string | MomentsData, readonly number[]> = {
  ...moments,
  range: `${moments.range}; or a path, from the folder of the spec`,
  schema: { anyOf: [moments.schema, { type: 'string' }] },
  parse: (given, path, problems) => {
    if (typeof given !== 'string') return moments.parse(given, path, problems);
    problems.other(
      `${path} is a file, which only \`loadFleet\` reads; here it must be ${moments.range}`,
    );
    return [0];
  },
};

/** When requests come; one of `rate`, `clients` and `trace`. */
export const arrivalsTable = {
  rate: orNull(rate),
  arrivals: oneOf(['poisson', 'constant'], {
    what: 'With `rate`: at random, or at equal distances',
    default: 'poisson',
  }),
  clients: orNull(
    integer({
      what: 'Closed load: the number of clients, each of which waits for its answer',
      default: 1,
      min: 1,
      max: 1_000_000,
    }),
  ),
  think: distribution({
    what: 'With `clients`: how long each waits between an answer and its next request',
    default: '1s',
  }),
  trace: orNull(trace),
};

/** The ways to come, of which there is one. */
export const WAYS = ['rate', 'clients', 'trace'] as const;

/** What only one way to come looks at. */
export const TRAITS = { arrivals: 'rate', think: 'clients' } as const;

const combinations = [
  exactlyOne(WAYS),
  ...Object.entries(TRAITS).map(([trait, owner]) => onlyWith(trait, owner)),
];

/** People and systems that call the fleet. */
export const usersTable = {
  to: nameOf(['services'], { what: 'The service that they call' }),
  ...arrivalsTable,
  patience: span({
    what: 'How long they wait for an answer; after that it is useless to them',
    default: '10s',
    min: 1,
  }),
  policy: policy({
    what: 'How they call: a policy by name, options of `dependency()`, or `none`: once, and as long as their patience lasts',
    default: 'none',
  }),
  ...callTraits,
};

/** The section `users`. */
export const users = mapOf(record(usersTable, { what: 'Users', combinations }), {
  what: 'Who calls the fleet from outside',
  max: 100,
});

/** A scenario's `load`. */
export const load = mapOf(record(arrivalsTable, { what: 'Arrivals', combinations }), {
  what: "Arrivals in place of the users' own, by the users' name",
  max: 100,
});

/** When requests come, as it is stated. */
export type ParsedArrivals = ParsedOf<typeof arrivalsTable>;
