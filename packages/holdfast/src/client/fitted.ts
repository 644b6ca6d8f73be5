import { idleOptions, type KindsOf } from '../core/kinds.ts';
import { isPlainObject } from '../core/options.ts';
import { BREAKER_KINDS } from '../policies/circuit-breaker/options.ts';
import { BUDGET_KINDS } from '../policies/retry-budget/options.ts';
import { BACKOFF_JITTERS, BACKOFF_KINDS } from '../policies/retry/options.ts';

/**
 * Options of `dependency()` without those that their kinds do not look at, which it refuses. For options laid
 * over others: another kind below was meant with the options that go with it.
 */
export function fitted(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    ...options,
    ...part(options, 'breaker', (breaker) => without(breaker, 'kind', 'time', BREAKER_KINDS)),
    ...part(options, 'retry', (retry) => ({
      ...retry,
      ...part(retry, 'budget', (budget) => without(budget, 'kind', 'window', BUDGET_KINDS)),
      ...part(retry, 'backoff', (backoff) =>
        backoff['jitter'] === 'decorrelated'
          ? without(backoff, 'jitter', 'full', BACKOFF_JITTERS)
          : without(backoff, 'kind', 'exponential', BACKOFF_KINDS),
      ),
    })),
  };
}

type Options = Readonly<Record<string, unknown>>;

function part(options: Options, name: string, of: (inner: Options) => Options): Options {
  const inner = options[name];
  return isPlainObject(inner) ? { [name]: of(inner) } : {};
}

/** Without what the kind that `by` says, or the usual one, does not look at. */
function without(options: Options, by: string, usual: string, kindsOf: KindsOf): Options {
  const idle = idleOptions(options, String(options[by] ?? usual), kindsOf);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !idle.includes(name)));
}
