import { idleOptions } from '../core/kinds.ts';
import { isPlainObject } from '../core/options.ts';
import { KINDS_OF_PARTS, type PartKinds } from './kinds-of-parts.ts';

type Options = Readonly<Record<string, unknown>>;

/**
 * Options of `dependency()` without those that their kinds do not look at, which it would refuse. For
 * options that were laid over others: where a kind was replaced, what was given for the old one is left out.
 */
export function fitted(options: Options): Options {
  return KINDS_OF_PARTS.reduce((whole, part) => without(whole, part.path, part), options);
}

/** Goes down `path` to a part, and leaves out what the part's kind does not look at. */
function without(options: Options, path: readonly string[], kinds: PartKinds): Options {
  const [key, ...rest] = path;
  if (key !== undefined) {
    const inner = options[key];
    return isPlainObject(inner) ? { ...options, [key]: without(inner, rest, kinds) } : options;
  }
  const { by, usual, kindsOf } = kinds;
  const idle = idleOptions(options, String(options[by] ?? usual), kindsOf);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !idle.includes(name)));
}
