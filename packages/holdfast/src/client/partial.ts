/** Work that an answer needs; work that it can do without is marked by `optional`. */
export type Part<T> = PromiseLike<T> | (() => T | PromiseLike<T>) | OptionalPart<T>;

/** A part whose absence does not spoil the rest. */
export class OptionalPart<T> {
  readonly work: PromiseLike<T> | (() => T | PromiseLike<T>);

  constructor(work: PromiseLike<T> | (() => T | PromiseLike<T>)) {
    this.work = work;
  }
}

/** Marks a part that an answer can do without. */
export function optional<T>(work: PromiseLike<T> | (() => T | PromiseLike<T>)): OptionalPart<T> {
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
 */
export async function partial<const P extends Parts>(parts: P): Promise<Gathered<P>> {
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
