import { idempotencyOptions } from 'holdfast/idempotency';
import { CRITICALITIES, type Descriptor, flag, integer, number, oneOf } from 'holdfast/spec';
import { has, whenever } from './combinations.ts';
import {
  type GivenRecord,
  listOf,
  mapOf,
  nameOf,
  orNull,
  orWord,
  record,
  recordSchema,
  required,
  share,
  span,
} from './descriptors.ts';
import { distribution } from './distribution.ts';
import { policy } from './policies.ts';
import { isRecord } from './problems.ts';
import type { ParsedOf } from 'holdfast/spec';

/** Services that a fleet may have. */
const MAX_SERVICES = 1000;

/** What callers say of a call beside its policy; users say it as well. */
export const callTraits = {
  idempotent: flag({ what: 'Whether repeating it does no harm', default: false }),
  keyed: flag({
    what: 'Sent with an idempotency key: repeating has no second effect where the callee has `idempotency`',
    default: false,
  }),
  criticality: oneOf(CRITICALITIES, {
    what: 'How important it is to those who wait for it',
    default: 'critical',
  }),
};

/** A call to one service. */
export const callTable = {
  to: nameOf(['services'], { what: 'The service that is called' }),
  times: number({
    what: 'Calls for one received request, at once; a fraction is a probability',
    default: 1,
    min: 0,
    max: 1000,
  }),
  policy: policy({
    what: 'How the call is protected: a policy by name, options of `dependency()`, or `none`: one attempt under its timeout. Left out: every default of `dependency()`',
  }),
  optional: flag({ what: 'Whether the answer is good without it', default: false }),
  ...callTraits,
};

const call = record(callTable, { what: 'A call' });

/** Calls that are made at once. */
export const togetherTable = {
  together: required(listOf(call, { what: 'Calls that are made at once', min: 1, max: 100 }), []),
};

const together = record(togetherTable, { what: 'Calls at once' });

type Call = ParsedOf<typeof callTable>;
type Stage = Descriptor<
  GivenRecord<typeof callTable> | GivenRecord<typeof togetherTable>,
  Call | readonly Call[]
>;

/** One call, or several at once. */
const stage: Stage = {
  ...call,
  range: '{ to, ... } or { together: [...] }',
  schema: { anyOf: [recordSchema(callTable), recordSchema(togetherTable)] },
  parse: (given, path, problems) =>
    isRecord(given) && Object.hasOwn(given, 'together')
      ? together.parse(given, path, problems).together
      : call.parse(given, path, problems),
};

/** Requests that wait for a worker. */
export const queueTable = {
  max: orWord(
    integer({
      what: 'Requests that may wait in one replica',
      default: 100,
      min: 0,
      max: 1_000_000,
    }),
    'unbounded',
    Infinity,
  ),
  order: oneOf(['fifo', 'lifo', 'priority'], {
    what: 'Which request is next: the first, the last, or the most critical',
    default: 'fifo',
  }),
  abandoned: oneOf(['executed', 'cancelled'], {
    what: 'What becomes of a request whose caller has given up',
    default: 'executed',
  }),
  checksDeadline: flag({
    what: 'Whether requests that can hardly be served in time are dropped when their turn comes',
    default: false,
  }),
};

/** Answers that a service keeps. */
export const cacheTable = {
  hitRate: share({
    what: "Share of requests that it answers, without the service's calls, when it is full",
    default: 0.9,
  }),
  keys: integer({
    what: 'Distinct keys; a miss fills one',
    default: 1000,
    min: 1,
    max: 10_000_000,
  }),
  ttl: orWord(
    span({ what: 'How long an entry lives', default: '60s', min: 1 }),
    'unbounded',
    Infinity,
  ),
};

const { lease, retention, onExpiredLease, wait } = idempotencyOptions;

/** What a service remembers of the keys that it is sent, in the options of `idempotency()`. */
export const idempotencyTable = { lease, retention, onExpiredLease, wait };

/** How an instance ends. */
export const shutdownTable = {
  drain: span({
    what: 'How long after SIGTERM requests in progress may take to finish',
    default: '25s',
  }),
  terminationGracePeriod: orNull(
    span({ what: 'How long after SIGTERM the platform kills the process' }),
  ),
};

/** A service, or a dependency outside of the fleet. */
export const serviceTable = {
  external: flag({
    what: 'Whether somebody else runs it: you cannot configure it, and do not know whom it calls',
    default: false,
  }),
  replicas: integer({ what: 'Instances', default: 1, min: 1, max: 1000 }),
  workers: integer({
    what: 'Requests that one replica works on at once',
    default: 10,
    min: 1,
    max: 100_000,
  }),
  serviceTime: distribution({
    what: 'How long a worker is busy with one request, its calls aside',
    default: '10ms',
  }),
  queue: record(queueTable, { what: 'Requests that wait for a worker' }),
  balancing: oneOf(['random', 'round-robin', 'least-busy'], {
    what: 'How callers choose among the replicas',
    default: 'random',
  }),
  failures: share({ what: 'Share of requests that fail by themselves', default: 0 }),
  cache: orNull(
    record(cacheTable, { what: 'Answers that it keeps, so that it need not make its calls' }),
  ),
  idempotency: orNull(
    record(idempotencyTable, {
      what: 'It remembers the keys that it is sent, and does nothing twice for one: `{}` for the defaults of `idempotency()`',
    }),
  ),
  recoveryTime: orNull(
    span({ what: 'How long it usually takes to recover, as its owners state it' }),
  ),
  shutdown: record(shutdownTable, { what: 'How an instance ends' }),
  livenessAsks: listOf(nameOf(['services'], { what: 'A service' }), {
    what: 'Services that its liveness probe asks',
    max: 100,
  }),
  calls: listOf(stage, {
    what: 'What one received request calls, one after another; `together` groups are made at once',
    max: 100,
  }),
};

const combinations = [
  // Nobody knows whom it calls.
  whenever(
    { properties: { external: { const: true } }, required: ['external'] },
    { properties: { calls: { maxItems: 0 } } },
  ),
  // It spares calls.
  whenever(has('cache'), { ...has('calls'), properties: { calls: { minItems: 1 } } }),
];

/** The section `services`. */
export const services = required(
  mapOf(record(serviceTable, { what: 'A service', combinations }), {
    what: 'Services of your own and external ones',
    max: MAX_SERVICES,
    min: 1,
  }),
  {},
);
