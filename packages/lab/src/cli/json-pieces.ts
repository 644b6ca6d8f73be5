import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * What `JSON.stringify` makes of an object, in pieces: a string of V8's holds half a gigabyte, and the
 * runs of a thousand seeds come to more. Lists among the object's values come item by item.
 *
 * @param value plain JSON: of its own values none is undefined, nor of the items of these lists.
 */
export function* jsonPieces(value: Readonly<Record<string, unknown>>): Generator<string> {
  yield* joined('{', Object.entries(value), '}', function* ([key, one]) {
    yield `${JSON.stringify(key)}:`;
    if (!Array.isArray(one)) yield JSON.stringify(one);
    else yield* joined('[', one, ']', (item) => [JSON.stringify(item)]);
  });
}

function* joined<T>(
  open: string,
  items: readonly T[],
  close: string,
  piecesOf: (item: T) => Iterable<string>,
): Generator<string> {
  yield open;
  for (const [i, item] of items.entries()) {
    if (i > 0) yield ',';
    yield* piecesOf(item);
  }
  yield close;
}

/** Writes one piece after another, as fast as they are taken: what waits in a pipe's buffer is held in memory. */
export async function writePieces(pieces: Iterable<string>, to: Writable): Promise<void> {
  for (const piece of pieces) if (!to.write(piece)) await once(to, 'drain');
}
