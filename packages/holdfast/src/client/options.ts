import { type Duration, type DurationText, milliseconds } from '../core/duration.ts';
import type { Classifier } from '../core/outcome.ts';
import {
  callback,
  type Descriptor,
  isPlainObject,
  oneOf,
  optional,
  type OptionsOf,
  type ParsedOf,
} from '../core/options.ts';
import { type BulkheadOptions, bulkheadOptions } from '../policies/bulkhead/options.ts';
import {
  type CircuitBreakerOptions,
  circuitBreakerOptions,
} from '../policies/circuit-breaker/options.ts';
import { deadlineOptions } from '../policies/deadline/options.ts';
import { type FallbackOptions, fallbackOptions } from '../policies/fallback/options.ts';
import { type RetryBudgetOptions, retryBudgetOptions } from '../policies/retry-budget/options.ts';
import { type RetryOptions, retryOptions } from '../policies/retry/options.ts';
import { timeoutOptions } from '../policies/timeout/options.ts';
import type { HoldfastEvent } from './events.ts';

/** A duration, or `false` for no such limit. */
export function durationOrOff(
  base: Descriptor<Duration, number>,
): Descriptor<Duration | false, number | null> {
  const range = `${base.range}, or false`;
  return {
    ...base,
    range,
    schema: { anyOf: [base.schema, { const: false }] },
    parse: (given, path, problems) =>
      given === false ? null : base.parse(given, path, problems, range),
  };
}

/** One of a few words. Left out, it is `none`; users may write that as well, but messages do not offer it. */
function oneOfOrNone<const Words extends readonly string[]>(
  words: Words,
  about: { readonly what: string },
): Descriptor<Words[number] | 'none', Words[number] | 'none'> {
  const { range } = oneOf(words, { ...about, default: words[0]! });
  const base = oneOf([...words, 'none'], { ...about, default: 'none' });
  return {
    ...base,
    range,
    parse: (given, path, problems) => base.parse(given, path, problems, range),
  };
}

/** The names of the presets. */
export const PRESETS = ['http', 'rpc', 'payments', 'batch', 'realtime'] as const;
/** The name of a preset; see `preset`. */
export type PresetName = (typeof PRESETS)[number];

/** The options of `dependency`; `false` leaves a policy out. */
export const dependencyOptions = {
  /** A named set of options to start from; see `preset`. */
  preset: oneOfOrNone(PRESETS, { what: 'A named set of options to start from' }),
  /** Brings the classifier, and the timeout and deadline that are usual there: 5 s and 20 s for `http`, 1 s and 4 s for `grpc`. Default `none`. */
  protocol: oneOfOrNone(['http', 'grpc'], {
    what: 'Brings the classifier, and the limits that are usual there',
  }),
  /** How long one attempt may run; false for no limit. Default 5 s over HTTP, else 1 s. */
  timeout: durationOrOff(timeoutOptions.after),
  /** Time for a whole call; false for no limit. Default 20 s over HTTP, else 4 s. */
  deadline: durationOrOff(deadlineOptions.after),
  /** Further attempts, and the budget that bounds them. On unless false. */
  retry: optional(
    {
      ...retryOptions,
      /** Bounds further attempts to a share of the calls that succeed. On unless false. */
      budget: optional(retryBudgetOptions, {
        what: 'Bounds further attempts to a share of the calls that succeed',
        default: true,
      }),
    },
    { what: 'Further attempts, and the budget that bounds them', default: true },
  ),
  /** Stops calling what fails or is slow. On unless false. */
  breaker: optional(circuitBreakerOptions, {
    what: 'Stops calling what fails or is slow',
    default: true,
  }),
  /** How many attempts may run and wait at once. On unless false. */
  bulkhead: optional(bulkheadOptions, {
    what: 'How many attempts may run and wait at once',
    default: true,
  }),
  /** What answers when the dependency does not. Off unless given. */
  fallback: optional(fallbackOptions, {
    what: 'What answers when the dependency does not',
    default: false,
  }),
  /** Says what outcomes mean. Required, unless `protocol` brings one or `retry` is false. */
  classify: callback<Classifier<never>>({ what: 'Says what outcomes mean' }),
  /** Called with every event of this dependency, synchronously; what it throws is dropped. */
  onEvent: callback<(event: HoldfastEvent) => void>({
    what: 'Called with every event of this dependency',
  }),
};

type Given = OptionsOf<typeof dependencyOptions>;
export type ParsedDependency = ParsedOf<typeof dependencyOptions>;

/** See `dependency`. `F` is what its fallback answers. */
export interface DependencyOptions<F = never> extends Omit<
  Given,
  'breaker' | 'bulkhead' | 'classify' | 'fallback' | 'preset' | 'protocol' | 'retry'
> {
  /** A named set of options to start from; see `preset`. */
  readonly preset?: PresetName | undefined;
  /** Brings the classifier and the limits that are usual there; see `httpClassifier` and `grpcClassifier`. */
  readonly protocol?: 'http' | 'grpc' | undefined;
  /** Further attempts, and the budget that bounds them. On unless false. */
  readonly retry?: DependencyRetryOptions | boolean | undefined;
  /** Stops calling what fails or is slow. On unless false. */
  readonly breaker?: CircuitBreakerOptions | boolean | undefined;
  /** How many attempts may run and wait at once. On unless false. */
  readonly bulkhead?: BulkheadOptions | boolean | undefined;
  /** What answers when the dependency does not. */
  readonly fallback?: FallbackOptions<F> | false | undefined;
}

/** The options of `retry`, and of the budget that bounds it. */
export interface DependencyRetryOptions extends RetryOptions {
  /** Bounds further attempts to a share of the calls that succeed. On unless false. */
  readonly budget?: RetryBudgetOptions | boolean | undefined;
}

/**
 * Lays options over others: nested options are merged, everything else is replaced. `true` over
 * nested options leaves them as they are.
 */
export function overlay(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  // No object yet: a key from a file may be `__proto__`, which would be set, and so not be seen.
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = merged.get(key);
    if (!isPlainObject(below)) merged.set(key, value);
    else if (isPlainObject(value)) merged.set(key, overlay(below, value));
    else if (value !== true) merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/**
 * The breaker's defaults that follow from other options. A call is slow after half the attempt
 * timeout, and a probe may take the attempt timeout and a second more. A `cooldown` longer than the
 * default of `maxCooldown` is the `maxCooldown` as well.
 */
export function derivedBreakerOptions(
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { breaker } = options;
  if (breaker === false) return {};
  const derived: Record<string, DurationText> = {};
  const timeout = milliseconds(options['timeout']);
  if (!Number.isNaN(timeout)) {
    derived['slowCallDuration'] = asText(Math.max(1, timeout / 2));
    derived['probeLease'] = asText(Math.min(timeout + 1000, Number.MAX_SAFE_INTEGER));
  }
  const cooldown = milliseconds(isPlainObject(breaker) ? breaker['cooldown'] : undefined);
  if (cooldown > milliseconds(circuitBreakerOptions.maxCooldown.default)) {
    derived['maxCooldown'] = asText(cooldown);
  }
  return { breaker: derived };
}

/** As a number, decades look like a moment, which is refused. */
function asText(ms: number): DurationText {
  return `${ms}ms`;
}
