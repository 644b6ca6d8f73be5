import {
  callback,
  type Descriptor,
  duration,
  integer,
  type OptionsOf,
  optional,
  type ParsedOf,
  type Problems,
} from '../../core/options.ts';
import type { CallOptions } from '../../core/operation.ts';
import type { StoppedBy, Verdict } from '../../core/outcome.ts';

/** Why a fallback is asked. */
export interface FallbackReason {
  readonly verdict: Verdict;
  readonly stoppedBy: StoppedBy | null;
  /** What the call would be rejected with; undefined if it has a value, such as a 503 response. */
  readonly error: unknown;
  /** Attempts that were made. */
  readonly attempts: number;
  /** Aborts when the fallback has used up its own time, or its caller is gone. */
  readonly signal: AbortSignal;
}

/** What is kept of good answers. */
const staleOptions = {
  /** Answers older than this are not given. At least 1 ms; default 5 min. */
  maxAge: duration({ what: 'The oldest answer that may be given', default: '5m', min: 1 }),
  /** How many answers are kept; the one that was stored longest ago goes first. 1 to 100 000; default 100. */
  maxEntries: integer({
    what: 'Answers kept, the least recently stored going first',
    default: 100,
    min: 1,
    max: 100_000,
  }),
  /** Names what a call asks for, so that it gets the answer to its own question; without it, all calls share one answer. */
  keyOf: callback<(options: CallOptions) => string>({
    what: 'Names what a call asks for, so that it gets the answer to its own question',
  }),
};

/** A value of any type, JSON or not. */
const anyValue: Descriptor<unknown, unknown> = {
  kind: 'value',
  what: 'The answer itself',
  default: undefined,
  range: 'any value',
  schema: {},
  parse: (given) => given,
};

/** The options of `fallback`. One of `value`, `run` and `stale` is needed; behind `stale`, one of the others may follow. */
export const fallbackOptions = {
  /** The answer itself. To answer `undefined`, give a `run` that returns it. */
  value: anyValue,
  /** Makes an answer; it is told why one is needed. */
  run: callback<(reason: FallbackReason) => unknown>({
    what: 'Makes an answer; told why one is needed',
  }),
  /** Answers with the last good answer, if it is not too old (stale-if-error, RFC 5861). Default off. */
  stale: optional(staleOptions, {
    what: 'Answers with the last good answer, if it is not too old',
    default: false,
  }),
  /** How long `run` may take. At least 1 ms; default 1 s. */
  timeout: duration({ what: 'How long `run` may take', default: '1s', min: 1 }),
};

/** See `fallback`: a value or a function, behind `stale` or without it, or `stale` alone. */
export type FallbackOptions<T = unknown> =
  | FallbackValueOptions<T>
  | FallbackRunOptions<T>
  | FallbackStaleOptions;

type GivenFallback = OptionsOf<typeof fallbackOptions>;

interface FallbackValueOptions<T> extends Omit<GivenFallback, 'value' | 'run'> {
  /** The answer itself. To answer `undefined`, give a `run` that returns it. */
  readonly value: T;
  /** There is a `value` already. */
  readonly run?: undefined;
}

interface FallbackRunOptions<T> extends Omit<GivenFallback, 'value' | 'run'> {
  /** There is a `run` already. */
  readonly value?: undefined;
  /** Makes an answer; it is told why one is needed. */
  readonly run: (reason: FallbackReason) => T | PromiseLike<T>;
}

interface FallbackStaleOptions extends Omit<GivenFallback, 'value' | 'run' | 'stale'> {
  readonly value?: undefined;
  readonly run?: undefined;
  /** Answers with the last good answer, if it is not too old (stale-if-error, RFC 5861). */
  readonly stale: Exclude<GivenFallback['stale'], false | undefined>;
}
export type ParsedFallback = ParsedOf<typeof fallbackOptions>;

/** There must be one answer, and not two. */
export function checkAnswers(
  { value, run, stale }: ParsedFallback,
  path: string,
  problems: Problems,
): void {
  if (value === undefined && run === undefined && stale === null) {
    problems.other(`${path} needs a value, a run function, or stale`);
  }
  if (value !== undefined && run !== undefined) {
    problems.other(`${path} takes a value or a run function, not both`);
  }
}
