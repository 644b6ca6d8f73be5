import type { Call } from './call.ts';
import { type ErrorDetails, type HoldfastError, withoutStack } from './errors.ts';

/** What a policy adds to what the call itself tells. */
type Told = Pick<ErrorDetails, 'policy' | 'reason' | 'stoppedBy' | 'retryAfter' | 'cause'>;

/** A Holdfast error about this call, with its attempts and the time it has taken. */
export function callError<E extends HoldfastError>(
  call: Call,
  ErrorClass: new (details: ErrorDetails) => E,
  told: Told,
): E {
  const { root, plan } = call;
  return withoutStack(ErrorClass, {
    ...told,
    dependency: plan.runtime.dependency,
    // By reference: the attempt that is being cut is remembered right after.
    attempts: root.attempts === 0 ? undefined : (root.records ??= []),
    made: root.attempts,
    elapsed: root.startedAt === null ? undefined : plan.runtime.clock.recent() - root.startedAt,
  });
}
