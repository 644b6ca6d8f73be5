import type { KindsOf, OfKind } from '../../core/kinds.ts';
import {
  duration,
  integer,
  number,
  oneOf,
  type OptionsOf,
  type ParsedOf,
  type Problems,
} from '../../core/options.ts';

/** The options of `circuitBreaker`. */
export const circuitBreakerOptions = {
  /** What the breaker judges by: the calls within the last `window` (`time`), the last `windowCalls` calls (`count`), or failures in a row (`consecutive`). Default `time`. */
  kind: oneOf(['time', 'count', 'consecutive'], {
    what: 'What it judges by: a window of time, a number of calls, or failures in a row',
    default: 'time',
  }),
  /** The window of kind `time`. 1 s to 1 h; default 30 s. */
  window: duration({
    what: 'How long the window of kind `time` is',
    default: '30s',
    min: 1000,
    max: 3_600_000,
  }),
  /** The window of kind `count`, in calls. 1 to 10 000; default 100. */
  windowCalls: integer({
    what: 'How many calls the window of kind `count` holds',
    default: 100,
    min: 1,
    max: 10_000,
  }),
  /** With kind `consecutive`, the breaker opens after so many failures in a row. 1 to 10 000; default 5. */
  consecutiveFailures: integer({
    what: 'With kind `consecutive`: how many failures in a row open it',
    default: 5,
    min: 1,
    max: 10_000,
  }),
  /** Opens when this share of the window's calls failed. 0.01 to 1; default 0.5. */
  failureRate: number({
    what: "Opens when this share of the window's calls failed",
    default: 0.5,
    min: 0.01,
    max: 1,
  }),
  /** Opens when this share of the window's calls was slow; 0 for never. 0 to 1; default 0.5. */
  slowCallRate: number({
    what: "Opens when this share of the window's calls was slow; 0 for never",
    default: 0.5,
    min: 0,
    max: 1,
  }),
  /** A call is slow when it takes longer than this. At least 1 ms; default 2.5 s, in `dependency()` half the attempt timeout. */
  slowCallDuration: duration({
    what: 'A call that takes longer than this is slow',
    default: '2.5s',
    min: 1,
  }),
  /** The breaker never opens on fewer calls in the window than this. 1 to 10 000; default 20. */
  minimumCalls: integer({
    what: 'The fewest calls in the window on which it may open',
    default: 20,
    min: 1,
    max: 10_000,
  }),
  /** How long it stays open, the first time. 1 ms to 1 h; default 30 s. */
  cooldown: duration({
    what: 'How long it stays open, the first time',
    default: '30s',
    min: 1,
    max: 3_600_000,
  }),
  /** Each failed probe doubles the cooldown, up to this. 1 ms to 24 h; default 5 min, or the cooldown if that is longer. */
  maxCooldown: duration({
    what: 'Each failed probe doubles the cooldown, up to this',
    default: '5m',
    min: 1,
    max: 86_400_000,
  }),
  /** Cooldowns are spread by plus or minus this share, so that the breakers of a fleet do not probe together. 0 to 1; default 0.2. */
  cooldownJitter: number({
    what: 'Cooldowns are spread by plus or minus this share',
    default: 0.2,
    min: 0,
    max: 1,
  }),
  /** Probes that may run at once when half-open; further calls are refused. 1 to 1000; default 1. */
  probes: integer({
    what: 'Probes that may run at once when half-open; further calls are refused',
    default: 1,
    min: 1,
    max: 1000,
  }),
  /** A probe that has not ended after this time counts as lost, and its place is free again. At least 1 ms; default 6 s, in `dependency()` the attempt timeout + 1 s. */
  probeLease: duration({
    what: 'A probe that has not ended by then counts as lost',
    default: '6s',
    min: 1,
  }),
  /** Successful probes that close it. 1 to 1000; default 5. */
  successesToClose: integer({
    what: 'Successful probes that close it',
    default: 5,
    min: 1,
    max: 1000,
  }),
  /** After closing, the share of calls let through grows from 10 % to all over this time; 0 for at once. 0 to 1 h; default 10 s. */
  rampDuration: duration({
    what: 'After closing, the share of calls let through grows from 10 % to all over this time; 0 for at once',
    default: '10s',
    max: 3_600_000,
  }),
  /** During the ramp it opens on as few calls as this. 1 to 10 000; default 5. */
  rampMinimumCalls: integer({
    what: 'The fewest calls on which it may open during the ramp',
    default: 5,
    min: 1,
    max: 10_000,
  }),
};

export type ParsedCircuitBreaker = ParsedOf<typeof circuitBreakerOptions>;

/**
 * Options that only some kinds look at. `slowCallDuration` is not among them: with `consecutive`, an
 * attempt that is cut after that time counts as a failure.
 */
export const BREAKER_KINDS = {
  window: ['time'],
  windowCalls: ['count'],
  consecutiveFailures: ['consecutive'],
  failureRate: ['time', 'count'],
  slowCallRate: ['time', 'count'],
  minimumCalls: ['time', 'count'],
  rampMinimumCalls: ['time', 'count'],
} as const satisfies KindsOf;

type Of<Kind extends string> = OfKind<
  OptionsOf<typeof circuitBreakerOptions>,
  Kind,
  typeof BREAKER_KINDS
>;

/**
 * See `circuitBreaker`: which options there are, its `kind` decides. What several are to share keeps its own type by
 * `satisfies`: `const base = { cooldown: '1s' } satisfies CircuitBreakerOptions`.
 */
export type CircuitBreakerOptions =
  | TimeBreakerOptions
  | CountBreakerOptions
  | ConsecutiveBreakerOptions;

interface TimeBreakerOptions extends Of<'time'> {
  /** Looks at the calls of the last `window` of time: the default. */
  readonly kind?: 'time' | undefined;
}

interface CountBreakerOptions extends Of<'count'> {
  /** Looks at the last `windowCalls` calls. */
  readonly kind: 'count';
}

interface ConsecutiveBreakerOptions extends Of<'consecutive'> {
  /** Looks at failures in a row. */
  readonly kind: 'consecutive';
}

/** Refuses a `maxCooldown` below `cooldown`: nobody means that. */
export function checkCooldowns(
  { cooldown, maxCooldown }: ParsedCircuitBreaker,
  path: string,
  problems: Problems,
): void {
  if (maxCooldown < cooldown) {
    problems.range(`${path}.maxCooldown`, `at least ${path}.cooldown`, maxCooldown);
  }
}
