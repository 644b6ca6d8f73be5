import type { Fleet } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import type { Finding, Place } from './finding.ts';
import { serviceOf } from './grpc-names.ts';
import { meshFinding } from './mesh-findings.ts';
import { type Field, protobufDuration } from './k8s-fields.ts';

/** What a name of an entry stands for. */
interface Named {
  /** gRPC's name of a service; null is the empty name, for every service. */
  readonly name: string | null;
  /** One of its methods only; the others have another entry, or that of the empty name. */
  readonly oneMethod: boolean;
  readonly place: Place;
}

/** One valid entry of `methodConfig`. */
export interface MethodConfig {
  /** What it holds for. */
  readonly services: readonly Named[];
  /** The first one included; 1 without a policy. */
  readonly maxAttempts: number;
  /** Attempts are sent beside one another, not after one another. */
  readonly hedges: boolean;
  /** Milliseconds for the whole call; Infinity without one. */
  readonly timeout: number;
  readonly backoff: (n: number) => number;
  readonly retryOn: readonly string[];
  readonly place: Place;
}

/** gRPC's own limit; a channel argument can raise it. */
const MAX_ATTEMPTS = 5;

const METHOD = [
  'name',
  'waitForReady',
  'timeout',
  'maxRequestMessageBytes',
  'maxResponseMessageBytes',
  'retryPolicy',
  'hedgingPolicy',
];
const RETRY = [
  'maxAttempts',
  'initialBackoff',
  'maxBackoff',
  'backoffMultiplier',
  'retryableStatusCodes',
  'perAttemptRecvTimeout',
];
const HEDGING = ['maxAttempts', 'hedgingDelay', 'nonFatalStatusCodes'];

/** The valid entries of `methodConfig`; what is wrong with the others is noted. */
export function readMethods(
  list: Field,
  fleet: Fleet,
  findings: Finding[],
): readonly MethodConfig[] {
  const seen = new Set<string>();
  return list.items().flatMap((entry) => {
    if (!entry.isObject(METHOD)) return [];
    const services = readNames(entry.at('name'), seen);
    const timeout = readTimeout(entry.at('timeout'));
    entry.at('waitForReady').checkFlag();
    const name = services[0]?.name ?? null;
    const at = name === null ? 'every service' : (serviceOf(name, fleet) ?? name);
    const policy = readPolicy(entry, at, findings);
    if (policy === null || timeout === null || services.length === 0) return [];
    return [{ services, timeout, ...policy }];
  });
}

/** A name may stand in one entry only. */
function readNames(list: Field, seen: Set<string>): MethodConfig['services'] {
  const items = list.items();
  if (!list.given) list.note('is missing: an entry without names holds for nothing');
  else if (Array.isArray(list.value) && items.length === 0) {
    list.note('is empty: an entry without names holds for nothing');
  }
  return items.flatMap((item) => {
    if (!item.isObject(['service', 'method'])) {
      if (!item.given) item.wrong('an object');
      return [];
    }
    const name = item.at('service').text() || null;
    const method = item.at('method').text() || null;
    if (name === null && method !== null) {
      item.note('has a method, but no service');
      return [];
    }
    const key = `${name ?? ''}/${method ?? ''}`;
    if (seen.has(key)) item.note(`names ${key} a second time; each name may stand in one entry`);
    seen.add(key);
    return [{ name, oneMethod: method !== null, place: item.place }];
  });
}

/** Infinity without one, null for one that is not valid. */
function readTimeout(field: Field): number | null {
  if (!field.given) return Infinity;
  return positive(field);
}

type Policy = Pick<MethodConfig, 'maxAttempts' | 'hedges' | 'backoff' | 'retryOn' | 'place'>;

/** What an entry does with failures; null if that is not valid. */
function readPolicy(entry: Field, at: string, findings: Finding[]): Policy | null {
  const retry = entry.at('retryPolicy');
  const hedging = entry.at('hedgingPolicy');
  if (retry.given && hedging.given) {
    hedging.note('stands beside a retryPolicy: a method has one of the two');
    return null;
  }
  if (retry.given) return readRetry(retry, at, findings);
  if (hedging.given) return readHedging(hedging, at, findings);
  return { maxAttempts: 1, hedges: false, backoff: () => 0, retryOn: [], place: entry.place };
}

function readRetry(field: Field, at: string, findings: Finding[]): Policy | null {
  if (!field.isObject(RETRY)) return null;
  const maxAttempts = readAttempts(field.at('maxAttempts'), at, findings);
  const initial = mandatory(field.at('initialBackoff'), positive);
  const max = mandatory(field.at('maxBackoff'), positive);
  const multiplier = mandatory(field.at('backoffMultiplier'), (given) =>
    given.number('a number above 0', (value) => value > 0 && value < Infinity),
  );
  const codes = field.at('retryableStatusCodes');
  const retryOn = mandatory(codes, readCodes);
  if (field.at('perAttemptRecvTimeout').given) positive(field.at('perAttemptRecvTimeout'));
  if (retryOn?.length === 0) codes.note('is empty; at least one code is needed');
  if (maxAttempts === null || initial === null || max === null || multiplier === null) return null;
  if (retryOn === null || retryOn.length === 0) return null;
  warnOfClientErrors(retryOn, codes, at, findings);
  return {
    maxAttempts,
    hedges: false,
    // Jitter is a fifth up or down; before 2024 it was drawn from 0 to the whole, which is less.
    backoff: (n) => 1.2 * Math.min(initial * multiplier ** (n - 1), max),
    retryOn,
    place: field.place,
  };
}

function readHedging(field: Field, at: string, findings: Finding[]): Policy | null {
  if (!field.isObject(HEDGING)) return null;
  const maxAttempts = readAttempts(field.at('maxAttempts'), at, findings);
  const given = field.at('hedgingDelay');
  // Without a delay all are sent at once.
  const delay = given.given ? given.duration(SECONDS, protobufDuration) : 0;
  const codes = field.at('nonFatalStatusCodes');
  const retryOn = codes.given ? readCodes(codes) : [];
  if (maxAttempts === null || delay === null || retryOn === null) return null;
  warnOfClientErrors(retryOn, codes, at, findings);
  return { maxAttempts, hedges: true, backoff: () => delay, retryOn, place: field.place };
}

function readAttempts(field: Field, at: string, findings: Finding[]): number | null {
  const attempts = mandatory(field, (given) => given.integer(2, 2 ** 32 - 1));
  if (attempts === null || attempts <= MAX_ATTEMPTS) return attempts;
  findings.push(
    meshFinding('grpc-clamped', {
      message: `maxAttempts of ${at} is ${attempts}, which gRPC treats as ${MAX_ATTEMPTS}`,
      fix: `Write ${MAX_ATTEMPTS} or less; more than 3 attempts rarely help.`,
      at,
      place: field.place,
      value: attempts,
    }),
  );
  return MAX_ATTEMPTS;
}

const SECONDS = 'a duration in decimal seconds, like "0.25s"';

function mandatory<T>(field: Field, read: (field: Field) => T | null): T | null {
  if (field.given) return read(field);
  field.note('is missing; gRPC demands it');
  return null;
}

function positive(field: Field): number | null {
  const ms = field.duration(SECONDS, protobufDuration);
  return ms === 0 ? field.wrong('longer than 0s') : ms;
}

/** In the order of their numbers. */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** Codes by name, in any case, or by number; null if one of them is none. */
function readCodes(list: Field): readonly string[] | null {
  const codes = list.items().map((item) => {
    const { value } = item;
    const name = typeof value === 'number' ? CODES[value] : String(value).toUpperCase();
    if (name !== undefined && name !== 'OK' && !isRecord(value) && CODES.includes(name))
      return name;
    return item.wrong('the name or number of a gRPC status other than OK, like "UNAVAILABLE"');
  });
  const good = codes.filter((code) => code !== null);
  return Array.isArray(list.value) && good.length === codes.length ? [...new Set(good)] : null;
}

/** gRPC's counterparts of 4xx, and of a 501: the request itself is at fault, and stays so. */
const CLIENT_ERRORS = new Map([
  ['INVALID_ARGUMENT', 400],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['FAILED_PRECONDITION', 400],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 501],
  ['UNAUTHENTICATED', 401],
]);

function warnOfClientErrors(
  codes: readonly string[],
  field: Field,
  at: string,
  findings: Finding[],
): void {
  const bad = codes.filter((code) => CLIENT_ERRORS.has(code));
  const [first] = bad;
  if (first === undefined) return;
  const list = String(field.path.at(-1));
  // Without a code, a retryPolicy is not valid, and gRPC refuses the whole file.
  const none = bad.length === codes.length && list === 'retryableStatusCodes';
  const words = bad.map((code) => `${code} (gRPC's ${CLIENT_ERRORS.get(code)})`).join(', ');
  findings.push(
    meshFinding('retry-on-4xx', {
      message: `gRPC channels to ${at} retry ${words}`,
      fix: none
        ? `Remove the retryPolicy: there is nothing else in its ${list}.`
        : `Remove ${bad.join(', ')} from ${list}.`,
      at,
      place: field.place,
      value: CLIENT_ERRORS.get(first)!,
    }),
  );
}
