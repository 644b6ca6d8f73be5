import { complete } from '../client/complete.ts';
import type { DependencyOptions, ParsedDependency } from '../client/options.ts';
import type { Problems } from '../core/options.ts';

/** The options of `dependency()` that are data: no callbacks, so that a file can hold them. */
export type DependencyData = Omit<DependencyOptions<unknown>, 'classify' | 'onEvent'>;

/** The options of one dependency with every default, in milliseconds; null for what is left out. */
export type EffectivePolicy = Omit<ParsedDependency, 'classify' | 'onEvent'>;

/**
 * What a dependency with these options does in the end: preset, protocol and defaults are applied.
 * What is wrong is added to `problems`, and the answer is then not to be used.
 *
 * @param path for messages, e.g. `policies.careful`.
 */
export function effectivePolicy(
  options: unknown,
  path: string,
  problems: Problems,
): EffectivePolicy {
  return complete(options, path, problems);
}
