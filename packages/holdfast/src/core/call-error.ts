import type { Call } from './call.ts';
import { type ErrorDetails, type HoldfastError, withoutStack } from './errors.ts';

/** What a policy says of the error, beside what the call itself tells. */
type Told = Pick<ErrorDetails, 'policy' | 'reason' | 'stoppedBy' | 'retryAfter' | 'cause'>;

type ErrorClass<E> = new (details: ErrorDetails) => E;

/** A Holdfast error about this call, with its attempts and the time it has taken. */
export function callError<E extends HoldfastError>(
  call: Call,
  errorClass: ErrorClass<E>,
  told: Told,
): E {
  return withoutStack(errorClass, detailsOf(call, told, call.root.attempts, elapsedOf(call)));
}

/**
 * An error that is built when somebody looks at it. A call by `tryCall` or `start` that is refused
 * is often only counted, and an error costs more than all the rest of a refusal.
 */
export class UnbuiltError {
  readonly #call: Call;
  readonly #errorClass: ErrorClass<HoldfastError>;
  readonly #told: Told;
  readonly #elapsed: number | undefined;
  readonly #made: number;

  constructor(call: Call, errorClass: ErrorClass<HoldfastError>, told: Told) {
    this.#call = call;
    this.#errorClass = errorClass;
    this.#told = told;
    this.#elapsed = elapsedOf(call);
    this.#made = call.root.attempts;
  }

  /** As `instanceof`, which would throw for a revoked proxy. */
  static is(value: unknown): value is UnbuiltError {
    return typeof value === 'object' && value !== null && #call in value;
  }

  build(): HoldfastError {
    const details = detailsOf(this.#call, this.#told, this.#made, this.#elapsed);
    return withoutStack(this.#errorClass, details);
  }
}

function elapsedOf({ root, plan }: Call): number | undefined {
  return root.startedAt === null ? undefined : plan.runtime.clock.recent() - root.startedAt;
}

function detailsOf(
  { root, plan }: Call,
  told: Told,
  made: number,
  elapsed: number | undefined,
): ErrorDetails {
  return {
    ...told,
    dependency: plan.runtime.dependency,
    // The list itself, no copy: the record of an attempt that is being cut is added right after.
    attempts: made === 0 ? undefined : (root.records ??= []),
    made,
    elapsed,
  };
}
