import type { Result } from '../../core/edge.ts';
import type { AttemptRecord } from '../../core/outcome.ts';
import { stamp } from './stamp.ts';

const results = stamp<Result<unknown>>();
const NONE: readonly AttemptRecord[] = Object.freeze([]);

/** The attempts behind a response of a `resilientFetch`, oldest first; none for any other response. */
export function attemptsOf(response: Response): readonly AttemptRecord[] {
  return resultOf(response)?.attempts ?? NONE;
}

/**
 * All that is known of the call behind a response of a `resilientFetch`: its attempts, what the last
 * one meant, why no further one was made, whether a fallback answered. Undefined for any other
 * response.
 */
export function resultOf(response: Response): Result<Response> | undefined {
  // Of what is not even an object, an answer that never came say, nothing is known either.
  if (typeof response !== 'object' || response === null) return undefined;
  return results.get(response) as Result<Response> | undefined;
}

export function keepResult(response: Response, result: Result<unknown>): void {
  results.set(response, result);
}
