import type { ParsedDependency } from '../options.ts';

/** The bodies of fallback values, each read once however many resilientFetch answer with it. */
const bodies = new WeakMap<Response, Promise<ArrayBuffer>>();

/**
 * What a dependency always answers with when it is down, if it has such a value.
 *
 * @throws TypeError for a fallback that could not answer a fetch: better now than in the outage.
 */
export function fallbackValueOf(name: string, options: ParsedDependency | null): unknown {
  const { value, stale = null } = options?.fallback ?? {};
  const path = `resilientFetch: dependency('${name}').fallback`;
  if (stale !== null) {
    throw new TypeError(
      `${path}.stale cannot keep a Response, whose body is read once; keep what was read from it, in a dependency around the parsed value`,
    );
  }
  if (value !== undefined && (value as Partial<Response> | null)?.bodyUsed !== false) {
    throw new TypeError(`${path}.value must be a Response whose body is unread`);
  }
  return value;
}

/**
 * A response like this one, with a body of its own. Clones would do, were they always read: the
 * stream of each is a branch of the one before, and a thousand that were dropped are a chain.
 */
export async function copyOf(response: Response): Promise<Response> {
  if (response.body === null) return response.clone();
  let bytes = bodies.get(response);
  if (bytes === undefined) {
    bytes = response.clone().arrayBuffer();
    bodies.set(response, bytes);
  }
  return new Response(await bytes, response);
}
