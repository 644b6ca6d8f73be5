import type { KindsOf, OfKind } from '../../core/kinds.ts';
import {
  duration,
  integer,
  number,
  oneOf,
  type OptionsOf,
  type ParsedOf,
} from '../../core/options.ts';

/** The options of `retryBudget`. */
export const retryBudgetOptions = {
  /**
   * `window`: each call that earns within the last `window` allows `ratio` extra attempts.
   * `token-bucket`: each call that earns puts `ratio` of a token into a bucket, up to `capacity`, and
   * each extra attempt takes a token out (as in gRPC and the AWS SDKs). Default `window`.
   */
  kind: oneOf(['window', 'token-bucket'], {
    what: 'How earnings are remembered: within a window, or as tokens in a bucket',
    default: 'window',
  }),
  /** Extra attempts for each call that earns. 0 to 10; default 0.1. */
  ratio: number({ what: 'Extra attempts per earning', default: 0.1, min: 0, max: 10 }),
  /**
   * What earns extra attempts: a successful call, or every call. With `call`, failing calls earn their
   * own retries, so a system that is loaded above capacity / (1 + ratio) stays down once it is down.
   * Default `success`.
   */
  earnedBy: oneOf(['success', 'call'], {
    what: 'What earns: a successful call, or every call',
    default: 'success',
  }),
  /** How long earnings and extra attempts are remembered (kind `window`). 1 s to 10 min; default 10 s. */
  window: duration({
    what: 'How long earnings and extra attempts are remembered (kind `window`)',
    default: '10s',
    min: 1000,
    max: 600_000,
  }),
  /** The most tokens in the bucket, which starts full (kind `token-bucket`). 1 to 10 000; default 10. */
  capacity: integer({
    what: 'The most tokens in the bucket, which starts full (kind `token-bucket`)',
    default: 10,
    min: 1,
    max: 10_000,
  }),
  /** Extra attempts a second that need not be earned, so that a quiet client may retry. They do not add up: one at a time. 0 to 1000; default 0.1. */
  floorPerSecond: number({
    what: 'Extra attempts a second that need not be earned, one at a time',
    default: 0.1,
    min: 0,
    max: 1000,
  }),
  /** Extra attempts within any minute, whatever was earned; 0 for no such cap. A usual cap is 60. 0 to 1 000 000; default 0. */
  capPerMinute: integer({
    what: 'Extra attempts within any minute, whatever was earned; 0 for no such cap',
    default: 0,
    min: 0,
    max: 1_000_000,
  }),
};

export type ParsedRetryBudget = ParsedOf<typeof retryBudgetOptions>;

/** Options that only one kind looks at. */
export const BUDGET_KINDS = {
  window: ['window'],
  capacity: ['token-bucket'],
} as const satisfies KindsOf;

type Of<Kind extends string> = OfKind<
  OptionsOf<typeof retryBudgetOptions>,
  Kind,
  typeof BUDGET_KINDS
>;

/** See `retryBudget`: which options there are, its `kind` decides. */
export type RetryBudgetOptions = WindowBudgetOptions | TokenBucketOptions;

interface WindowBudgetOptions extends Of<'window'> {
  /** Extra attempts are at most `ratio` of what earned them within `window`: the default. */
  readonly kind?: 'window' | undefined;
}

interface TokenBucketOptions extends Of<'token-bucket'> {
  /** Each extra attempt takes a token, each earning puts `ratio` of one in, up to `capacity`. */
  readonly kind: 'token-bucket';
}
