/** Which keys an object may have together, as JSON Schema. Of what is no object it says nothing. */
export type Schema = Readonly<Record<string, unknown>>;

/** One of these, and no other. */
export function exactlyOne(keys: readonly string[]): Schema {
  return { oneOf: keys.map(has) };
}

/** One of these at least. */
export function someOf(keys: readonly string[]): Schema {
  return { anyOf: keys.map(has) };
}

/** Not all of these at once. */
export function notTogether(keys: readonly string[]): Schema {
  return { not: { required: keys } };
}

/** The one only where the other is. */
export function onlyWith(key: string, other: string): Schema {
  return whenever(has(key), has(other));
}

/** What fits the first must fit the second. */
export function whenever(one: Schema, other: Schema): Schema {
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  return { if: one, then: other };
}

/** It has this key. */
export function has(key: string): Schema {
  return { required: [key] };
}
