import { isPlainObject, type Problems } from './options.ts';
import { wasParsed } from './shared-options.ts';

/** Options that only some kinds of a policy look at: by their names, those kinds. */
export type KindsOf = Readonly<Record<string, readonly string[]>>;

/**
 * Says of each option that is there for another kind: whoever wrote it believes that it does something.
 *
 * @param given as the user wrote it. Defaults are for all kinds, and those of a preset may be for another.
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
  // Of what has been parsed nobody can tell what was given; it was checked then.
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
