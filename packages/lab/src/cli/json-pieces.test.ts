import { constants } from 'node:buffer';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';

import { jsonPieces, writePieces } from './json-pieces.ts';

describe('JSON in pieces', () => {
  it.each([
    {},
    { none: [], nothing: null },
    { 'a "key"': 'b', list: [1, [2, { c: [3] }], 'four', null], object: { list: [5, 6] }, last: 7 },
  ])('is what JSON.stringify makes of it: %j', (value) => {
    expect([...jsonPieces(value)].join('')).toBe(JSON.stringify(value));
  });

  it('may be longer than a string can be', () => {
    const run = 'x'.repeat(2 ** 22);
    const value = { runs: Array<string>(130).fill(run) };
    expect(() => JSON.stringify(value)).toThrow(RangeError);
    let length = 0;
    for (const piece of jsonPieces(value)) length += piece.length;
    expect(length).toBeGreaterThan(constants.MAX_STRING_LENGTH);
  });
});

it('are written as fast as they are taken, and the rest is not held in memory', async () => {
  let [most, taken] = [0, ''];
  const slow = new Writable({
    decodeStrings: false,
    highWaterMark: 4,
    write(piece: string, _, done) {
      taken += piece;
      setImmediate(done);
    },
  });
  function* pieces(): Generator<string> {
    for (const letter of 'abcdefghij') {
      most = Math.max(most, slow.writableLength);
      yield letter.repeat(3);
    }
  }
  await writePieces(pieces(), slow);
  expect(most).toBeLessThan(4);
  expect(taken).toMatch(/^aaabbb.*iii/);
});
