/**
 * What an attempt's outcome means. One vocabulary for every policy:
 *
 * | verdict     | retried             | breaker                          | budget |
 * |-------------|---------------------|----------------------------------|--------|
 * | `success`   | –                   | success                          | earns  |
 * | `transient` | if safe             | failure                          | –      |
 * | `overload`  | not before the hint | failure, unless it was our quota | –      |
 * | `timeout`   | if safe             | failure                          | –      |
 * | `terminal`  | no                  | success                          | –      |
 * | `ignored`   | no                  | –                                | –      |
 *
 * "Safe" means declared idempotent, keyed, or never sent.
 */
export type Verdict = 'success' | 'transient' | 'overload' | 'timeout' | 'terminal' | 'ignored';

/** How an attempt ended: with a value or with an error. */
export type Outcome<T = unknown> =
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly error: unknown; readonly value?: undefined };

/** A verdict with what else the outcome told. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The dependency asked not to be called again for so long, in milliseconds. The backoff is added to that. */
  readonly retryAfter?: number | undefined;
  /** `false`: the dependency said that trying again is pointless or harmful. */
  readonly retry?: false | undefined;
  /** The request never reached the dependency (connection refused, DNS): trying again is safe. */
  readonly neverSent?: boolean | undefined;
  /**
   * With `overload`: the dependency is well, and only we are to wait. Our quota is used up (429), or
   * our request is in progress already (409 with Retry-After). Breakers do not count it.
   */
  readonly quota?: boolean | undefined;
}

/**
 * Says, once per dependency, what its outcomes mean, for every policy and metric. It must be quick
 * and must not throw: if it does, the call ends with what it threw, as `terminal`. Holdfast's own
 * refusals never reach it.
 */
export type Classifier<In = unknown> = (outcome: Outcome<In>) => Verdict | Judgement;

/** What is remembered of one attempt. */
export interface AttemptRecord {
  /** 1 for the first. */
  readonly attempt: number;
  readonly verdict: Verdict;
  /** Milliseconds from the call's start to this attempt's. Where the pipeline has no use for the clock: 0 for the first, NaN for others. */
  readonly startedAfter: number;
  /** Milliseconds that it ran; NaN where the pipeline has no use for the clock. */
  readonly duration: number;
  /** What it was rejected with, if it was. */
  readonly error?: unknown;
}

/** Why no further attempt was made. */
export type StoppedBy =
  /** All that `maxAttempts` allows were made. */
  | 'attempts'
  /** The retry budget is spent. */
  | 'budget'
  /** The next attempt could not end in time, or time is up. */
  | 'deadline'
  /** The answer was final. */
  | 'terminal'
  /** The breaker refuses. */
  | 'breaker'
  /** Another policy refused, or what the caller asked for was wrong. */
  | 'rejected'
  /** A call inside the operation was refused, or has exhausted its own retries: that one has decided already. */
  | 'nested'
  /** The caller aborted. */
  | 'abort'
  /** The dependency asked not to be tried again, or not for longer than `maxRetryAfter`. */
  | 'pushback'
  /** The attempt may have had its effect and repeating it is not safe. */
  | 'unsafe';
