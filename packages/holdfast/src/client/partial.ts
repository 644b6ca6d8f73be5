import { isThenable } from '../core/edge.ts';
import { isPlainObject, show } from '../core/options.ts';

/** Work that an answer needs; work that it can do without is marked by `optional`. */
export type Part<T> = PromiseLike<T> | (() => T | PromiseLike<T>) | OptionalPart<T>;

/** A part whose absence does not spoil the rest. */
export class OptionalPart<T> {
  readonly work: PromiseLike<T> | (() => T | PromiseLike<T>);

  constructor(work: PromiseLike<T> | (() => T | PromiseLike<T>)) {
    this.work = work;
  }
}

/**
 * Marks a part that an answer can do without.
 *
 * @throws TypeError for what is neither a function nor a promise.
 */
export function optional<T>(work: PromiseLike<T> | (() => T | PromiseLike<T>)): OptionalPart<T> {
  if (!isWork(work)) {
    throw new TypeError(`optional must be given a function or a promise, got ${show(work)}`);
  }
  return new OptionalPart(work);
}

type Parts = Readonly<Record<string, Part<unknown>>>;
type ValueOf<P> =
  P extends OptionalPart<infer T>
    ? T | undefined
    : P extends () => infer R
      ? Awaited<R>
      : Awaited<P>;

/** What arrived. */
export interface Gathered<P extends Parts> {
  /** Each part's value; undefined for an optional part that is missing. */
  readonly values: { readonly [K in keyof P]: ValueOf<P[K]> };
  /** The optional parts that failed, by name. */
  readonly missing: readonly (keyof P & string)[];
  /** Why each missing part is missing. */
  readonly errors: { readonly [K in keyof P]?: unknown };
}

/**
 * Runs several calls at once, some of which an answer can do without.
 *
 * ```ts
 * const { values, missing } = await partial({
 *   product: () => catalog.call(loadProduct),
 *   reviews: optional(() => reviews.call(loadReviews)),
 * });
 * ```
 *
 * Rejects as soon as a required part fails, with its error, and does not wait for the others then.
 * Never rejects for an optional part. It has no time limit: the calls have theirs.
 *
 * @throws (the promise rejects) TypeError for what are no parts; then none is begun.
 */
export async function partial<const P extends Parts>(parts: P): Promise<Gathered<P>> {
  checkParts(parts);
  const values: Record<string, unknown> = {};
  const errors: Record<string, unknown> = {};
  const names = Object.keys(parts);
  // Set beforehand, so that values are in the order of the parts, not in that of their arrival.
  for (const name of names) values[name] = undefined;
  await Promise.all(
    Object.entries(parts).map(async ([name, part]) => {
      if (!(part instanceof OptionalPart)) {
        values[name] = await started(part);
        return;
      }
      try {
        values[name] = await started(part.work);
      } catch (error) {
        errors[name] = error;
      }
    }),
  );
  const missing = names.filter((name) => Object.hasOwn(errors, name));
  return { values, missing, errors } as unknown as Gathered<P>;
}

async function started(work: PromiseLike<unknown> | (() => unknown)): Promise<unknown> {
  return typeof work === 'function' ? work() : work;
}

/** Who writes no types: of a list or a Map nothing would be run, and a value was never waited for. */
function checkParts(parts: unknown): void {
  if (!isPlainObject(parts)) {
    throw new TypeError(`partial must be given an object of parts by name, got ${show(parts)}`);
  }
  for (const [name, part] of Object.entries(parts)) {
    if (part instanceof OptionalPart || isWork(part)) continue;
    throw new TypeError(
      `partial.${name} must be a function, a promise or optional(...), got ${show(part)}`,
    );
  }
}

function isWork(part: unknown): boolean {
  return typeof part === 'function' || isThenable(part);
}
