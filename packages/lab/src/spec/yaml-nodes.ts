import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import type { SpecPath } from './model.ts';

/** What is written at a path. */
export interface Written {
  /** Its value, aliases resolved; null if it is not written. */
  readonly node: Node | null;
  /**
   * Where it begins, or the nearest thing around it that is written. Keys stand for their values:
   * `services.web` is where `web:` is.
   */
  readonly offset: number;
}

/** Looks a path up in a document that has been parsed. */
export function writtenAt(document: Document, path: SpecPath): Written {
  let node = resolved(document.contents, document);
  let offset = node?.range?.[0] ?? document.range?.[0] ?? 0;
  for (const key of path) {
    const found = childOf(node, key);
    if (found === null) return { node: null, offset };
    offset = found.at.range?.[0] ?? offset;
    node = resolved(found.value, document);
  }
  return { node, offset };
}

/** One step down: what stands for the child, and the child. */
function childOf(
  node: Node | null,
  key: string | number,
): { readonly at: Node; readonly value: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => isScalar(item.key) && String(item.key.value) === String(key),
    );
    return pair === undefined ? null : { at: pair.key as Node, value: pair.value };
  }
  const item = isSeq(node) ? node.items[Number(key)] : undefined;
  return isNode(item) ? { at: item, value: item } : null;
}

/** Keys that stand in one map a second time. The parser's own check compares each key with each. */
export function repeatedKeys(document: Document): readonly Scalar[] {
  const repeated: Scalar[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated.push(key);
        seen.add(key.value);
      }
    },
  });
  return repeated;
}

/** YAML 1.1's way to take over what another map has: for a parser of 1.2 it is a key like any other. */
export function mergeKeys(document: Document): readonly Scalar[] {
  const found: Scalar[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value === '<<') found.push(key);
    },
  });
  return found;
}

/** Keys in braces that are a key and its value in one: `{ to:db }`. */
export function gluedKeys(document: Document): readonly Scalar[] {
  const found: Scalar[] = [];
  visit(document, {
    Pair: (_, { key, value }) => {
      const isGlued = isScalar(key) && key.type === 'PLAIN' && /\S:\S/.test(String(key.value));
      if (isGlued && value === null) found.push(key);
    },
  });
  return found;
}

/** A document whose aliases cannot be resolved; the message goes behind its file's name. */
export class AliasError extends Error {
  override readonly name = 'AliasError';
  /** Of the alias with which it ended. */
  readonly offset: number;

  constructor(why: string, offset: number) {
    super(why);
    this.offset = offset;
  }
}

/**
 * A document as plain data.
 *
 * @param maxAliases that are resolved, one inside another multiplied: what "billion laughs" exceeds.
 * @throws AliasError
 */
export function resolvedData(document: Document, maxAliases: number): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    // The parser does not say where it was, so that it has to be watched.
    const last = lastAlias(document, () => document.toJS({ maxAliasCount: maxAliases }));
    const many = error instanceof ReferenceError && /alias count/i.test(error.message);
    const why = many
      ? 'has too many aliases: from here on write them out'
      : `cannot be resolved: ${(error as Error).message}`;
    throw new AliasError(why, last?.range?.[0] ?? document.range?.[0] ?? 0);
  }
}

/** The last alias that is looked up until something throws. */
function lastAlias(document: Document, look: () => unknown): Alias | null {
  let last: Alias | null = null;
  visit(document, {
    Alias: (_, alias) => {
      const resolve = alias.resolve.bind(alias);
      alias.resolve = (...given) => {
        // Those that a parser follows to count them are no end.
        if (given[1] !== undefined) last = alias;
        return resolve(...given);
      };
    },
  });
  try {
    look();
  } catch {
    // As before.
  }
  return last;
}

/** Only its stack ends a parser that has no other bound on depth. */
export function isTooDeep({ message }: YAMLError): boolean {
  return /call stack|stack overflow/i.test(message);
}

function resolved(value: unknown, document: Document): Node | null {
  if (isAlias(value)) return value.resolve(document) ?? null;
  return isNode(value) ? value : null;
}
