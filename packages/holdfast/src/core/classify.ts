import { systemRuntime } from '../runtime/system.ts';
import { GO } from './policy.ts';
import type { Classifier } from './outcome.ts';
import type { ClassifyPolicy } from './pipeline.ts';

/**
 * Says what outcomes mean, for every policy of the pipeline. It has no place in the order: put it
 * first.
 *
 * ```ts
 * pipeline(classify((outcome) => (outcome.ok ? 'success' : 'transient')), retry());
 * ```
 *
 * @param discard is handed values that nobody will receive (a retried 503, an answer that came
 *   after its timeout), so that what they hold, a socket say, is let go. What it throws is dropped.
 * @throws TypeError for what is no function.
 */
export function classify<In>(
  classifier: Classifier<In>,
  discard: ((value: In) => void) | null = null,
): ClassifyPolicy<In> {
  if (typeof classifier !== 'function') {
    throw new TypeError('classify must be given a function that answers a verdict');
  }
  if (discard !== null && typeof discard !== 'function') {
    throw new TypeError('classify: discard must be a function of the value');
  }
  return {
    kind: 'classify',
    runtime: systemRuntime,
    traits: {},
    classifier,
    discard: discard as ((value: unknown) => void) | null,
    enter: () => GO,
    leave: () => GO,
  };
}
