import type { Descriptor } from 'holdfast/spec';
import { listOf, nameOf, type RequiredPart } from './descriptors.ts';
import { edgesOf } from './edges.ts';
import type { Fault, Fleet, SpecPath } from './model.ts';
import type { SpecProblems } from './problems.ts';

/** More names than this are no group that somebody has written. */
const MAX_NAMES = 100;

/** One side of a partition: one name, or several. */
export function group(about: {
  readonly what: string;
}): RequiredPart<string | readonly string[], readonly string[]> {
  const name: Descriptor<string, string> = nameOf(['services', 'users'], about);
  const names = listOf(name, { ...about, min: 1, max: MAX_NAMES });
  const range = `${name.range}, or a list of 1 to ${MAX_NAMES} of them`;
  return {
    kind: 'list',
    what: about.what,
    default: undefined,
    required: true,
    instead: [],
    range,
    schema: { anyOf: [name.schema, names.schema] },
    parse: (given, path, problems) => {
      if (typeof given === 'string') return [name.parse(given, path, problems)];
      if (Array.isArray(given)) return names.parse(given, path, problems);
      if (given === undefined) problems.other(`${path} is missing: ${range}`);
      else problems.type(path, range, given);
      return [];
    },
  };
}

/** What the names alone cannot tell: whether the groups are apart, and whether anybody calls across. */
export function checkGroups(
  [one, other]: Extract<Fault, { readonly kind: 'partition' }>['groups'],
  fleet: Fleet,
  path: SpecPath,
  problems: SpecProblems,
): void {
  // A wrong name stands as none.
  if ([one, other].some((names) => names.length === 0 || names.includes(''))) return;
  const both = one.filter((name) => other.includes(name));
  if (both.length > 0) {
    const message = `must name others than \`partition\`, and ${both[0]} is in both`;
    problems.at([...path, 'and'], message);
  } else if (!edgesOf(fleet).some((edge) => isAcross(edge, one, other))) {
    const message = 'must call somebody in `partition`, or be called from there; nobody does';
    problems.at([...path, 'and'], message);
  }
}

function isAcross(
  { from, to }: { readonly from: string; readonly to: string },
  one: readonly string[],
  other: readonly string[],
): boolean {
  return (one.includes(from) && other.includes(to)) || (other.includes(from) && one.includes(to));
}
