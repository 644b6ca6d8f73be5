import type { KindsOf } from '../../core/kinds.ts';
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
   * `window`: extra attempts are at most `ratio` of what earned them within `window`.
   * `token-bucket`: each extra attempt takes a token, each earning puts `ratio` of one in, up to
   * `capacity` (as in gRPC and the AWS SDKs). Default `window`.
   */
  kind: oneOf(['window', 'token-bucket'], {
    what: 'How earnings are remembered: within a window, or as tokens in a bucket',
    default: 'window',
  }),
  /** Extra attempts per earning. 0 to 10; default 0.1. */
  ratio: number({ what: 'Extra attempts per earning', default: 0.1, min: 0, max: 10 }),
  /**
   * What earns: a successful call, or every call. Earned by calls, a budget keeps a system that is
   * loaded above capacity / (1 + ratio) collapsed, since failing calls earn their own retries.
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
  /** Extra attempts a second that need not be earned, one at a time, so that a quiet client may retry. 0 to 1000; default 0.1. */
  floorPerSecond: number({
    what: 'Extra attempts a second that need not be earned, one at a time',
    default: 0.1,
    min: 0,
    max: 1000,
  }),
  /** Extra attempts within any minute, whatever was earned; 0 for no such cap. 60 is the classic. Default 0. */
  capPerMinute: integer({
    what: 'Extra attempts within any minute, whatever was earned; 0 for no such cap',
    default: 0,
    min: 0,
    max: 1_000_000,
  }),
};

/** See `retryBudget`. */
export interface RetryBudgetOptions extends OptionsOf<typeof retryBudgetOptions> {}
export type ParsedRetryBudget = ParsedOf<typeof retryBudgetOptions>;

/** What only one kind looks at. */
export const BUDGET_KINDS: KindsOf = { window: ['window'], capacity: ['token-bucket'] };
