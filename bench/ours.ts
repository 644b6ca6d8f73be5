/** Holdfast, set up for the scenarios: defaults wherever a scenario does not say otherwise. */
import {
  bulkhead,
  circuitBreaker,
  classify,
  pipeline,
  type Pipeline,
  retry,
  timeout,
  type Verdict,
} from 'holdfast';

/** The simplest classifier there is. */
export const simply = ({ ok }: { readonly ok: boolean }): Verdict => (ok ? 'success' : 'transient');

/** Retry, bulkhead, breaker and timeout. */
export function four(): Pipeline {
  return pipeline(classify(simply), retry(), bulkhead(), circuitBreaker(), timeout('5s'));
}
