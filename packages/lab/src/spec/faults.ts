import {
  type Descriptor,
  integer,
  likeliest,
  number,
  oneOf,
  type ParsedOf,
  type Table,
} from 'holdfast/spec';
import {
  type GivenRecord,
  listOf,
  nameOf,
  orNull,
  record,
  recordSchema,
  required,
  share,
  span,
} from './descriptors.ts';
import { distribution } from './distribution.ts';
import type { Fault } from './model.ts';
import { group } from './partition.ts';
import { isRecord, reading } from './problems.ts';
import { notTogether, type Schema, someOf } from './combinations.ts';

const from = {
  from: span({
    what: 'When it begins: after the warm-up, unless it lasts until the end of the scenario',
    default: '0ms',
  }),
};
const during = {
  ...from,
  to: orNull(span({ what: 'When it ends; without `to` and `for`, at the end of the scenario' })),
  for: orNull(span({ what: 'How long it lasts, in place of `to`', min: 1 })),
};

/** A fault's first key names it, and its value is the service that it happens to; a partition happens to two groups. */
function on(what: string) {
  return nameOf(['services'], { what });
}

/** Every fault, by the key that names it. */
export const faultTables = {
  latency: {
    latency: on('Serving takes longer; `times` or `plus` is needed'),
    times: number({
      what: 'By which factor serving takes longer',
      default: 1,
      min: 0,
      max: 1_000_000,
    }),
    plus: orNull(distribution({ what: 'How much time is added to serving' })),
    ...during,
  },
  errors: {
    errors: on('A share of its answers are errors'),
    rate: required(share({ what: 'Which share of its answers are errors', default: 1 }), 1),
    verdict: oneOf(['transient', 'overload', 'terminal'], {
      what: 'What the errors mean to callers',
      default: 'transient',
    }),
    ...during,
  },
  outage: {
    outage: on('It does not answer'),
    how: oneOf(['refuse', 'reset', 'hang'], {
      what: 'Connections are refused, or reset, or nothing ever comes',
      default: 'refuse',
    }),
    ...during,
  },
  hold: {
    hold: on('The network holds what is sent to it, and delivers all at the end'),
    ...during,
  },
  partition: {
    partition: group({
      what: 'One of two groups between which no call gets through, nor an answer, in either direction',
    }),
    and: group({ what: 'The other group' }),
    ...during,
  },
  crash: {
    crash: on('Replicas die, their queues with them; they are back at the end, with empty caches'),
    replicas: integer({ what: 'How many replicas die', default: 1, min: 1, max: 1000 }),
    ...during,
  },
  capacity: {
    capacity: on('It has fewer workers; a replica that is left with none gets no requests'),
    share: required(
      share({
        what: 'The share of all its workers that is left, rounded: at least one, unless it is 0',
        default: 1,
      }),
      1,
    ),
    ...during,
  },
  'slow-start': {
    'slow-start': on('Serving takes longer, less and less until the end'),
    times: number({
      what: 'By which factor serving takes longer at first',
      default: 10,
      min: 1,
      max: 1_000_000,
    }),
    ...during,
  },
  'cache-flush': {
    'cache-flush': on('Its caches are emptied'),
    ...from,
  },
  deploy: {
    deploy: on('Its replicas restart one after another'),
    away: span({ what: 'How long each is away', default: '10s', min: 1 }),
    ...from,
  },
  'clock-skew': {
    'clock-skew': on('Its clocks run fast: deadlines that come with requests seem nearer'),
    by: required(span({ what: 'How far its clocks are ahead' }), 0),
    ...during,
  },
} satisfies Record<string, Table>;

type Kind = keyof typeof faultTables;
const KINDS = Object.keys(faultTables) as Kind[];

/** What users write for a fault. */
export type FaultData = { [K in Kind]: GivenRecord<(typeof faultTables)[K]> }[Kind];

/** A fault without its path. */
export type FaultOf<F = Fault> = F extends Fault ? Omit<F, 'path'> : never;

const RANGE = `a fault, named by its first key: ${KINDS.join(', ')}`;

/** Two ways to say the same. */
const ENDS = ['to', 'for'] as const;

/** Keys of which some faults need one, and why. */
const NEEDS: Partial<Record<Kind, { readonly one: readonly string[]; readonly why: string }>> = {
  latency: { one: ['times', 'plus'], why: 'how much longer it takes' },
  'slow-start': { one: ENDS, why: 'when it is as fast as before' },
};

function combinations(kind: Kind): readonly Schema[] {
  const needs = NEEDS[kind];
  const ends = hasEnds(kind) ? [notTogether(ENDS)] : [];
  return needs === undefined ? ends : [...ends, someOf(needs.one)];
}

function hasEnds(kind: Kind): boolean {
  return ENDS.every((key) => key in faultTables[kind]);
}

function checkCombinations(
  kind: Kind,
  given: Readonly<Record<string, unknown>>,
  path: string,
  tell: (message: string) => void,
): void {
  const isGiven = (key: string): boolean => given[key] !== undefined;
  if (hasEnds(kind) && ENDS.every(isGiven)) tell(`${path} takes ${named(ENDS)}, not both`);
  const needs = NEEDS[kind];
  if (needs === undefined || needs.one.some(isGiven)) return;
  tell(`${path} needs ${named(needs.one)}: ${needs.why}`);
}

function named(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(' or ');
}

/** One fault; null if it cannot be told which. */
const fault: Descriptor<FaultData, FaultOf | null> = {
  kind: 'options',
  what: 'A fault',
  default: undefined,
  range: RANGE,
  schema: { anyOf: KINDS.map((kind) => recordSchema(faultTables[kind], combinations(kind))) },
  parse: (given, path, problems) => {
    const kinds = isRecord(given) ? KINDS.filter((kind) => Object.hasOwn(given, kind)) : [];
    const [kind] = kinds;
    if (!isRecord(given)) problems.type(path, RANGE, given);
    else if (kind === undefined) {
      const keys = Object.keys(given).slice(0, 5);
      const near = keys.map((key) => likeliest(key, KINDS)).find((hint) => hint.startsWith('did'));
      const got = [keys.join(', ') || '(none)', ...(near === undefined ? [] : [near])].join(', ');
      reading(problems).other(`${path} must be ${RANGE}; got the keys ${got}`);
    } else if (kinds.length > 1) {
      reading(problems).other(
        `${path} is ${kinds.join(' and ')}: write each as a fault of its own`,
      );
    } else if (kind === 'partition' && Object.hasOwn(given, 'callers')) {
      const instead =
        'a partition is between two groups, `partition` and `and`, in both directions';
      reading(problems).other(`${path}.callers must be written as \`and\`: ${instead}`);
    } else {
      const data = record<Table>(faultTables[kind], { what: '' }).parse(given, path, problems);
      checkCombinations(kind, given, path, (message) => reading(problems).other(message));
      return build(kind, data, path, (message) => reading(problems).other(message));
    }
    return null;
  },
};

/** The faults of a scenario. */
export const faults: Descriptor<readonly FaultData[], readonly (FaultOf | null)[]> = listOf(fault, {
  what: 'What happens, and when',
  max: 1000,
});

function build(
  kind: Kind,
  data: Readonly<Record<string, unknown>>,
  path: string,
  tell: (message: string) => void,
): FaultOf {
  const { [kind]: subject, for: length, and: others, ...rest } = data as ParsedOf<Table>;
  const begin = rest['from'] as number;
  const stated = rest['to'] as number | null | undefined;
  if (stated != null && stated <= begin) tell(`${path}.to must be later than its \`from\``);
  const end = length == null ? (stated ?? Infinity) : begin + (length as number);
  const where = kind === 'partition' ? { groups: [subject, others] } : { on: subject };
  return { ...rest, kind, ...where, from: begin, to: end } as unknown as FaultOf;
}
