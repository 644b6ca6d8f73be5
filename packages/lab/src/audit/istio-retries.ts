import type { Finding, Place } from './finding.ts';
import { meshFinding } from './mesh-findings.ts';
import { type Field, goDuration } from './k8s-fields.ts';

/** What a sidecar does with requests that fail. */
export interface Retries {
  /** Requests that are made of one, at most: `attempts` of the file are on top of the first. */
  readonly maxAttempts: number;
  /** Milliseconds for one try; null for the route's timeout. */
  readonly perTry: number | null;
  /** Envoy's base interval, in milliseconds. */
  readonly base: number;
  /** Envoy's conditions; codes are listed beside `retriable-status-codes`. */
  readonly retryOn: readonly string[];
  /** Nobody has asked for them. */
  readonly implicit: boolean;
  /** Where they are stated; null for a default. */
  readonly place: Place | null;
}

export const DURATION = 'a duration of at least 1ms and at most 292 years, like 250ms, 2s or 1h30m';

/** Envoy's base interval unless one is stated, in milliseconds. */
export const ENVOY_BASE = 25;
/** What sidecars retry on unless told. */
export const DEFAULT_RETRY_ON = [
  'connect-failure',
  'refused-stream',
  'unavailable',
  'cancelled',
] as const;

/**
 * What sidecars do when nobody tells them: 2 retries. Up to 1.23 they retry 503 as well; since 1.24
 * only when EXCLUDE_UNSAFE_503_FROM_DEFAULT_RETRY is false.
 */
export function defaultRetries(unsafe503: boolean): Retries {
  const retryOn = unsafe503
    ? [...DEFAULT_RETRY_ON, 'retriable-status-codes', '503']
    : DEFAULT_RETRY_ON;
  return { maxAttempts: 3, perTry: null, base: ENVOY_BASE, retryOn, implicit: true, place: null };
}

/** Of what is no HTTP. */
export const NO_RETRIES: Retries = {
  maxAttempts: 1,
  perTry: null,
  base: ENVOY_BASE,
  retryOn: [],
  implicit: false,
  place: null,
};

/** The largest wait before attempt n + 1: Envoy's interval doubles up to ten times the base, and jitter draws below it. */
export function envoyBackoff(base: number): (n: number) => number {
  return (n) => base * Math.min(2 ** (n - 1), 10);
}

const FIELDS = [
  'attempts',
  'perTryTimeout',
  'retryOn',
  'retryRemoteLocalities',
  'retryIgnorePreviousHosts',
  'backoff',
];

/**
 * A `retries` block, or MeshConfig's `defaultHttpRetryPolicy`. A block without positive `attempts`
 * means no retries; an unset `retryOn` means Istio's own list, whatever the mesh's default says.
 */
export function readRetries(
  field: Field,
  builtIn: Retries,
  at: string,
  findings: Finding[],
): Retries {
  if (!field.isObject(FIELDS)) return builtIn;
  const attempts = field.at('attempts').integer(-(2 ** 31), 2 ** 31 - 1);
  const retries: Retries = {
    maxAttempts: 1 + Math.max(attempts ?? 0, 0),
    perTry: field.at('perTryTimeout').duration(DURATION, goDuration),
    base: field.at('backoff').duration(DURATION, goDuration) ?? ENVOY_BASE,
    retryOn: retryConditions(field.at('retryOn')) ?? builtIn.retryOn,
    implicit: false,
    place: field.place,
  };
  const surprise = offUnsaid(field, attempts);
  if (surprise !== null) findings.push(off(field, surprise, at));
  // Nothing else of such a block has an effect.
  if (retries.maxAttempts === 1) return { ...retries, perTry: null, retryOn: [] };
  warnOf4xx(retries, field.at('retryOn'), at, findings);
  return retries;
}

/** What of a block switches retries off without saying just that; null if nothing does. */
function offUnsaid(field: Field, attempts: number | null): string | null {
  if (!field.at('attempts').given) return 'no attempts';
  if (attempts === null || attempts > 0) return null;
  const others = OTHERWISE.map((key) => field.at(key)).filter(({ given }) => given);
  if (attempts === 0 && others.length === 0) return null;
  return [`attempts: ${attempts}`, ...others.map(({ path }) => path.at(-1))].join(' and ');
}

/** Beside these Istio refuses `attempts: 0`. */
const OTHERWISE = ['perTryTimeout', 'retryOn', 'retryRemoteLocalities'];

function off(field: Field, written: string, at: string): Finding {
  return meshFinding('istio-retries-off-by-block', {
    message: `The retries block of ${at} has ${written}, which switches retries off`,
    fix: 'If you want no retries, write `retries: { attempts: 0 }` and nothing else in it. Otherwise set `attempts` to the number of retries after the first attempt.',
    at,
    place: field.place,
    value: 0,
  });
}

/** Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`, which Istio takes in one list. */
const CONDITIONS = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

/** Null when it is not set. Status codes among the conditions add `retriable-status-codes`. */
function retryConditions(field: Field): readonly string[] | null {
  const text = field.text();
  if (text === null || text.trim() === '') return null;
  const named = new Set<string>();
  const codes = new Set<string>();
  for (const part of text.split(',').map((word) => word.trim())) {
    if (/^[1-5]\d\d$/.test(part)) codes.add(part);
    else if (CONDITIONS.includes(part)) named.add(part);
    else {
      const known = CONDITIONS.join(', ');
      field.note(
        `has ${JSON.stringify(part.slice(0, 60))}, which is neither an HTTP status nor one of ${known}`,
      );
    }
  }
  if (codes.size > 0) named.add('retriable-status-codes');
  return [...named, ...codes];
}

/** Too early and timed out: the request was never at fault, and was not worked on. */
const WORTH_REPEATING = new Set(['408', '425']);

/** @param list the field that the conditions stand in. */
export function warnOf4xx(
  { retryOn }: Retries,
  list: Field,
  at: string,
  findings: Finding[],
): void {
  const bad = retryOn.filter(
    (on) => on === 'retriable-4xx' || (/^4\d\d$/.test(on) && !WORTH_REPEATING.has(on)),
  );
  const [first] = bad;
  if (first === undefined) return;
  const why = bad.includes('429')
    ? '; 429 asks for fewer requests, and sidecars ignore its Retry-After'
    : '';
  findings.push(
    meshFinding('retry-on-4xx', {
      message: `The sidecars of ${at} retry ${bad.map(inWords).join(', ')}${why}`,
      fix: `Remove ${bad.join(', ')} from ${list.path.at(-1)}.`,
      at,
      place: list.place,
      ...(first === 'retriable-4xx' ? { value: 409 } : { value: Number(first) }),
    }),
  );
}

function inWords(on: string): string {
  return on === 'retriable-4xx' ? 'retriable-4xx (409)' : on;
}
