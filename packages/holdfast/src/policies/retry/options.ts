import { checkKinds, type KindsOf, type OfKind } from '../../core/kinds.ts';
import {
  callback,
  duration,
  integer,
  nested,
  number,
  oneOf,
  type OptionsOf,
  type ParsedOf,
  type Problems,
} from '../../core/options.ts';
import type { Verdict } from '../../core/outcome.ts';

/** How long to wait before a further attempt. */
export const backoffOptions = {
  /** How the wait grows with each failure: constant, linear (base x n), exponential (base x factor^(n-1)), or `custom`. Default exponential. */
  kind: oneOf(['exponential', 'linear', 'constant', 'custom'], {
    what: 'How the wait grows with each failure',
    default: 'exponential',
  }),
  /** The wait after the first failure, before jitter. 0 or more; default 100 ms. */
  base: duration({ what: 'The wait after the first failure, before jitter', default: '100ms' }),
  /** What an exponential wait is multiplied by each time. 1 to 100; default 2. */
  factor: number({
    what: 'What an exponential wait is multiplied by each time',
    default: 2,
    min: 1,
    max: 100,
  }),
  /** The longest wait, jitter included; what a Retry-After asks for is added to it. 0 or more; default 5 s. */
  max: duration({ what: 'The longest wait, jitter included', default: '5s' }),
  /**
   * How waits are spread, so that callers that failed together do not come back together. `full`:
   * U(0, wait). `decorrelated`: U(base, 3 x the previous wait). `proportional`: ±20 %. `equal`:
   * half fixed, half random. `none`: not at all. Default full (Brooker, "Exponential Backoff And
   * Jitter").
   */
  jitter: oneOf(['full', 'decorrelated', 'proportional', 'equal', 'none'], {
    what: 'How waits are spread, so that callers that failed together do not come back together',
    default: 'full',
  }),
  /**
   * Answers the wait in milliseconds after the n-th failure, before jitter: for kind `custom`, with any
   * jitter but `decorrelated`. NaN or a negative number is no wait, and more than `max` is `max`; what
   * it throws ends the call.
   */
  custom: callback<(failures: number) => number>({
    what: 'With kind `custom`: the wait in milliseconds after the n-th failure, before jitter',
  }),
};

/** The options of `retry`. */
export const retryOptions = {
  /** Attempts in all, the first included. 1 to 1 000 000; default 3. */
  maxAttempts: integer({
    what: 'Attempts in all, the first included',
    default: 3,
    min: 1,
    max: 1_000_000,
  }),
  /** How long to wait before a further attempt. */
  backoff: nested(backoffOptions, { what: 'How long to wait before a further attempt' }),
  /** A Retry-After beyond this ends the call instead of being waited for. 0 or more; default 1 min. */
  maxRetryAfter: duration({
    what: 'The longest Retry-After that is waited for; a longer one ends the call',
    default: '1m',
  }),
  /** Called before each wait, in the caller's async context; what it throws is dropped. */
  onRetry: callback<(retry: RetryNotice) => void>({
    what: 'Called before each wait',
  }),
};

/** What `onRetry` is told. */
export interface RetryNotice {
  /** The attempt that failed. */
  readonly attempt: number;
  readonly verdict: Verdict;
  /** Milliseconds until the next attempt. */
  readonly wait: number;
  /** What it was rejected with, if it was. */
  readonly error: unknown;
}

/** See `retry`. */
export interface RetryOptions extends Omit<OptionsOf<typeof retryOptions>, 'backoff'> {
  /** How long to wait before a further attempt. */
  readonly backoff?: BackoffOptions | undefined;
}
export type ParsedRetry = ParsedOf<typeof retryOptions>;
export type ParsedBackoff = ParsedOf<typeof backoffOptions>;

/** Options that only some kinds look at. */
export const BACKOFF_KINDS = {
  base: ['exponential', 'linear', 'constant'],
  factor: ['exponential'],
} as const satisfies KindsOf;

/** Options that only some jitters look at. `decorrelated` needs no `factor`: each wait grows from the one before. */
export const BACKOFF_JITTERS: KindsOf = { factor: ['full', 'proportional', 'equal', 'none'] };

type Of<Kind extends string> = OfKind<
  OptionsOf<typeof backoffOptions>,
  Kind,
  typeof BACKOFF_KINDS & { readonly custom: readonly ['custom'] }
>;

/** How long to wait before a further attempt: which options there are, its `kind` decides. */
export type BackoffOptions =
  | ExponentialBackoffOptions
  | SteadyBackoffOptions
  | CustomBackoffOptions;

interface ExponentialBackoffOptions extends Of<'exponential'> {
  /** Base x factor^(n-1) after the n-th failure: the default. */
  readonly kind?: 'exponential' | undefined;
}

interface SteadyBackoffOptions extends Of<'linear' | 'constant'> {
  /** Base x n after the n-th failure, or the base. */
  readonly kind: 'linear' | 'constant';
}

interface CustomBackoffOptions extends Of<'custom'> {
  /** As `custom` answers. */
  readonly kind: 'custom';
  /**
   * With any jitter but `decorrelated`: the wait in milliseconds after the n-th failure, before jitter. NaN and
   * negative count as none, more than `max` as `max`; what it throws ends the call.
   */
  readonly custom: (failures: number) => number;
}

/** Checks the options against each other; `given` is what the user wrote, without defaults. */
export function checkBackoff(
  { kind, jitter, custom }: ParsedBackoff,
  given: unknown,
  path: string,
  problems: Problems,
): void {
  if (kind === 'custom' && custom === undefined) {
    problems.other(`${path}.custom must be a function when ${path}.kind is 'custom'`);
  }
  if (custom !== undefined && (kind !== 'custom' || jitter === 'decorrelated')) {
    problems.other(
      `${path}.custom would never be called: it needs ${path}.kind 'custom', and another jitter than 'decorrelated'`,
    );
  } else if (jitter === 'decorrelated') {
    checkKinds(given, jitter, BACKOFF_JITTERS, path, problems, 'jitter');
  } else {
    checkKinds(given, kind, BACKOFF_KINDS, path, problems);
  }
}
