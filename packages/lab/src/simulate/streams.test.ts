import { seededRandom } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { Streams } from './streams.ts';

const CELLS = 16;

function drawn(streams: Streams, stream: number, count: number): number[] {
  streams.stream = stream;
  streams.drawn = 0;
  return Array.from({ length: count }, () => streams.next());
}

/** Chi-squared of how pairs fall into a grid; 255 degrees of freedom. */
function spread(pairs: readonly (readonly [number, number])[]): number {
  const counts = Array.from({ length: CELLS * CELLS }, () => 0);
  for (const [a, b] of pairs) counts[Math.floor(a * CELLS) * CELLS + Math.floor(b * CELLS)]!++;
  const expected = pairs.length / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Of chi-squared with 255 degrees of freedom: one of a million lies beyond either. */
const LEAST = 156;
const MOST = 377;

describe('streams', () => {
  test('are the same for the same seed, and go on where they were left', () => {
    const [one, other] = [new Streams(seededRandom(1)), new Streams(seededRandom(1))];
    const numbers = drawn(one, 7, 10);
    expect(drawn(other, 7, 10)).toEqual(numbers);
    drawn(one, 8, 3);
    one.stream = 7;
    one.drawn = 5;
    expect(one.next()).toBe(numbers[5]);
    expect(drawn(new Streams(seededRandom(2)), 7, 10)).not.toEqual(numbers);
  });

  test('lie in [0, 1), evenly, and no number says what comes next', () => {
    const streams = new Streams(seededRandom(3));
    const numbers = drawn(streams, 0, 100_001);
    expect(Math.min(...numbers.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers.slice(0, 50_000))).toBeLessThan(1);
    const seen = spread(numbers.slice(1).map((number, at) => [numbers[at]!, number]));
    expect(seen).toBeGreaterThan(LEAST);
    expect(seen).toBeLessThan(MOST);
  });

  test('are independent of each other, neighbours too, at the same draw and at the next', () => {
    const streams = new Streams(seededRandom(4));
    for (const later of [0, 1]) {
      const pairs = Array.from({ length: 50_000 }, (_, stream) => {
        return [drawn(streams, stream, 1)[0]!, drawn(streams, stream + 1, 2)[later]!] as const;
      });
      const seen = spread(pairs);
      expect(seen).toBeGreaterThan(LEAST);
      expect(seen).toBeLessThan(MOST);
    }
  });
});
