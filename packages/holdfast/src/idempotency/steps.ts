import { hashOf } from './hash.ts';
import type { RecoveryPoint } from './store.ts';

/** One step of an execution: done once, and remembered by `keep`, which throws when it could not be. */
export async function runStep<T>(
  points: Map<string, unknown>,
  name: string,
  work: () => T | PromiseLike<T>,
  keep: (point: RecoveryPoint) => Promise<void>,
): Promise<T> {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError("step: a step's name must be a non-empty string");
  }
  if (points.has(name)) return points.get(name) as T;
  const result = await work();
  const value = jsonOf(result, `step '${name}'`);
  await keep({ name, value });
  points.set(name, result);
  return result;
}

/** A key for a call further down. */
export function derivedKey(id: string, name: string): string {
  return hashOf(['derived', id, name]);
}

/**
 * JSON of what work or a step has answered; undefined as null.
 *
 * @throws TypeError for what is no JSON.
 */
export function jsonOf(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    throw new TypeError(`what ${what} answers must be JSON`, { cause });
  }
}
