import {
  type Descriptor,
  integer,
  number,
  type ParsedOf,
  type Problems,
  type Table,
} from 'holdfast/spec';
import { type GivenRecord, listOf, record, recordSchema, required, span } from './descriptors.ts';
import type { Distribution } from './model.ts';
import { isRecord, reading } from './problems.ts';

type Time = `${number}${'ms' | 's' | 'm' | 'h'}` | number;

/** What users write for a length of time that is drawn each time; a plain duration is constant. */
export type DistributionData =
  | Time
  | { [K in keyof typeof plainForms]: GivenRecord<(typeof plainForms)[K]> }[keyof typeof plainForms]
  | { readonly mixture: readonly { readonly weight?: number; readonly time: DistributionData }[] }
  | { readonly loaded: DistributionData; readonly slope?: number };

/** Mixtures of mixtures end here. */
const MAX_DEPTH = 4;

const RANGE =
  "a duration like '20ms', or one of { exponential }, { erlang, stages }, { lognormal, cv }, { hyperexponential, cv }, { empirical }, { mixture }, { loaded, slope }";

/** A length of time that is drawn each time. */
export function distribution(about: {
  readonly what: string;
  readonly default?: DistributionData;
}): Descriptor<DistributionData, Distribution> {
  return {
    kind: 'distribution',
    what: about.what,
    default: about.default,
    range: RANGE,
    schema: { $ref: '#/$defs/distribution' },
    parse: (given, path, problems) =>
      parseDistribution(given === undefined ? (about.default ?? 0) : given, path, problems),
  };
}

const mean = required(span({ what: 'The mean', min: 0.01 }), 1);

/** The forms that hold no other distribution. */
const plainForms = {
  exponential: { exponential: mean },
  erlang: {
    erlang: mean,
    stages: integer({ what: 'How many exponential stages it has', default: 2, min: 1, max: 1000 }),
  },
  lognormal: {
    lognormal: mean,
    cv: number({ what: 'Standard deviation / mean', default: 1, min: 0, max: 100 }),
  },
  hyperexponential: {
    hyperexponential: mean,
    cv: number({ what: 'Standard deviation / mean', default: 2, min: 1, max: 100 }),
  },
  empirical: {
    empirical: required(
      listOf(span({ what: 'A value that was measured' }), {
        what: 'Values that were measured, each as likely',
        min: 1,
        max: 100_000,
      }),
      [1],
    ),
  },
} satisfies Record<string, Table>;

const branch = {
  weight: number({
    what: 'How often, in proportion to the others',
    default: 1,
    min: 0,
    max: 1_000_000,
  }),
  time: required(distribution({ what: 'How long it takes in this case' }), 1),
};

/** The forms of a distribution that are objects; the first key of each is its name. */
export const distributionForms = {
  ...plainForms,
  mixture: {
    mixture: required(
      listOf(record(branch, { what: 'One of them' }), {
        what: 'Several distributions by their weights',
        min: 1,
        max: 100,
      }),
      [{ time: 1 }],
    ),
  },
  loaded: {
    loaded: required(distribution({ what: 'How long with one request at a time' }), 1),
    slope: number({
      what: 'How much longer with each further request that is worked on: time x (1 + slope x (concurrency - 1))',
      default: 0,
      min: 0,
      max: 1000,
    }),
  },
} satisfies Record<string, Table>;

/** Its JSON Schema, for `$defs`. */
export function distributionSchema(): Readonly<Record<string, unknown>> {
  const plain = span({ what: 'Constant' }).schema;
  return { anyOf: [plain, ...Object.values(distributionForms).map((form) => recordSchema(form))] };
}

function parseDistribution(given: unknown, path: string, problems: Problems): Distribution {
  if (!isRecord(given)) return constant(given, path, problems);
  const names = Object.keys(distributionForms) as (keyof typeof distributionForms)[];
  const forms = names.filter((name) => Object.hasOwn(given, name));
  const [form] = forms;
  if (form === undefined || forms.length > 1) {
    const keys = Object.keys(given).slice(0, 5).join(', ');
    reading(problems).other(`${path} must be ${RANGE}; got the keys ${keys || '(none)'}`);
  } else if (path.split('.time').length > MAX_DEPTH || path.split('.loaded').length > MAX_DEPTH) {
    reading(problems).other(`${path} is nested too deeply: at most ${MAX_DEPTH} in one another`);
  } else {
    return READERS[form](given, path, problems);
  }
  return { kind: 'constant', value: 1 };
}

function constant(given: unknown, path: string, problems: Problems): Distribution {
  const before = reading(problems).count;
  if (typeof given !== 'string' && typeof given !== 'number') problems.type(path, RANGE, given);
  else {
    const value = span({ what: '' }).parse(given, path, problems);
    if (reading(problems).count === before) return { kind: 'constant', value };
  }
  return { kind: 'constant', value: 1 };
}

type Reader = (given: unknown, path: string, problems: Problems) => Distribution;

const READERS: Readonly<Record<keyof typeof distributionForms, Reader>> = {
  exponential: reader('exponential', (d) => ({ kind: 'exponential', mean: d.exponential })),
  erlang: reader('erlang', (d) => ({ kind: 'erlang', mean: d.erlang, stages: d.stages })),
  lognormal: reader('lognormal', (d) => ({ kind: 'lognormal', mean: d.lognormal, cv: d.cv })),
  hyperexponential: reader('hyperexponential', (d) => ({
    kind: 'hyperexponential',
    mean: d.hyperexponential,
    cv: d.cv,
  })),
  empirical: reader('empirical', (d) => ({ kind: 'empirical', values: d.empirical })),
  mixture: reader('mixture', (d, path, problems) => {
    if (d.mixture.length > 0 && d.mixture.every(({ weight }) => weight === 0)) {
      problems.other(`${path}.mixture needs a weight above 0`);
    }
    return { kind: 'mixture', of: d.mixture };
  }),
  loaded: reader('loaded', (d) => ({ kind: 'loaded', time: d.loaded, slope: d.slope })),
};

function reader<K extends keyof typeof distributionForms>(
  form: K,
  build: (
    data: ParsedOf<(typeof distributionForms)[K]>,
    path: string,
    problems: Problems,
  ) => Distribution,
): Reader {
  return (given, path, problems) => {
    const part = record(distributionForms[form] as Table, { what: '' });
    const data = part.parse(given, path, problems) as ParsedOf<(typeof distributionForms)[K]>;
    return build(data, path, problems);
  };
}
