import { PRESETS, type DependencyOptions, type PresetName } from './options.ts';

/** Limits that fit together: three attempts and their waits end before the deadline. */
const SETS: Readonly<Record<PresetName, DependencyOptions>> = {
  /** A service over HTTP, called while somebody waits. */
  http: { protocol: 'http', timeout: '5s', deadline: '20s' },
  /** A service near by, called many times for one request: fail fast. */
  rpc: { timeout: '1s', deadline: '4s' },
  /** Money: patient with slow answers, few calls in line, no retry without a key. */
  payments: {
    timeout: '8s',
    deadline: '30s',
    retry: { maxAttempts: 3, backoff: { base: '200ms', max: '2s' } },
    bulkhead: { maxConcurrent: 50, maxQueue: 25 },
  },
  /** Nobody waits: long limits, more attempts, few at a time. */
  batch: {
    timeout: '30s',
    deadline: '5m',
    retry: { maxAttempts: 5, backoff: { base: '1s', max: '30s' } },
    bulkhead: { maxConcurrent: 10, maxQueue: 10_000 },
  },
  /** An answer that is late is worthless: no queue, one quick second try. */
  realtime: {
    timeout: '300ms',
    deadline: '1s',
    retry: { maxAttempts: 2, backoff: { base: '25ms', max: '100ms' } },
    breaker: { window: '10s', cooldown: '5s', maxCooldown: '1m' },
    bulkhead: { maxQueue: 0 },
  },
};

/**
 * A named set of options, to look at or to spread into one's own; `dependency` takes the name as
 * well.
 *
 * @throws RangeError for a name that no preset has.
 */
export function preset(name: PresetName): DependencyOptions {
  if (!Object.hasOwn(SETS, name)) {
    throw new RangeError(`preset must be one of ${PRESETS.join(', ')}, got ${String(name)}`);
  }
  return structuredClone(SETS[name]);
}
