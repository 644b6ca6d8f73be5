import { isPlainObject, type Problems } from './options.ts';
import { wasParsed } from './shared-options.ts';

/** By the name of an option: the kinds of its policy that look at it. For options that not all kinds look at. */
export type KindsOf = Readonly<Record<string, readonly string[]>>;

/** Options of this kind: one that only others look at is refused by the compiler, which says whose it is. */
export type OfKind<Given, Kind extends string, Kinds extends KindsOf> = {
  readonly [K in keyof Given as Exclude<K, 'kind'>]: K extends keyof Kinds
    ? Kind extends Kinds[K][number]
      ? Given[K]
      : OnlyForKind<Kinds[K][number]> | undefined
    : Given[K];
};

/** What the compiler says of an option that has no effect with the `kind` that it stands beside. */
export interface OnlyForKind<Kind extends string> {
  readonly 'has no effect: it is for kind': Kind;
}

/**
 * Adds a problem for each option that only other kinds look at: whoever wrote it believes that it has
 * an effect.
 *
 * @param given what the user wrote. Defaults are there for all kinds, and a preset's for its own.
 * @param by the option that says which kind it is.
 */
export function checkKinds(
  given: unknown,
  kind: string,
  kindsOf: KindsOf,
  path: string,
  problems: Problems,
  by: 'kind' | 'jitter' = 'kind',
): void {
  // Parsed options do not tell what the user wrote; they were checked when they were parsed.
  if (!isPlainObject(given) || wasParsed(given)) return;
  for (const name of idleOptions(given, kind, kindsOf)) {
    const kinds = kindsOf[name]!.map((one) => `'${one}'`).join(' or ');
    problems.other(`${path}.${name} has no effect with ${by} '${kind}': it is for ${by} ${kinds}`);
  }
}

/** The names of the options that are given, and that this kind does not look at. */
export function idleOptions(
  given: Readonly<Record<string, unknown>>,
  kind: string,
  kindsOf: KindsOf,
): readonly string[] {
  return Object.keys(kindsOf).filter(
    (name) =>
      Object.hasOwn(given, name) && given[name] !== undefined && !kindsOf[name]!.includes(kind),
  );
}
