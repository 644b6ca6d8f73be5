import type { ParsedDependency } from '../options.ts';

/** The bodies of fallback values. Each is read once, however many calls are answered with it. */
const bodies = new WeakMap<Response, Promise<ArrayBuffer>>();

/**
 * What a dependency always answers with when it is down, if it has such a value.
 *
 * @throws TypeError for a fallback that could not answer a fetch: better at the start than in an outage.
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
 * A response like this one, with a body of its own. It is no clone: the stream of each clone is a
 * branch of the one before, so a thousand clones that nobody reads would be a chain of a thousand.
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
