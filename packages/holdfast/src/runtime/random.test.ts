import { describe, expect, test } from 'vitest';
import { seededRandom } from './random.ts';

const draw = (random: { next(): number }, count = 1000) =>
  Array.from({ length: count }, () => random.next());

describe('seeded randomness', () => {
  test('repeats itself for the same seed, and not for another', () => {
    expect(draw(seededRandom(7))).toEqual(draw(seededRandom(7)));
    expect(draw(seededRandom(7))).toEqual(draw(seededRandom('7')));
    expect(draw(seededRandom(7))).not.toEqual(draw(seededRandom(8)));
  });

  test.each([[undefined], [null], [NaN], [{}], [5n]])('takes no %s for a seed', (seed) => {
    expect(() => seededRandom(seed as never)).toThrow(
      new TypeError(
        `seededRandom needs a number or a string for its seed, got ${Number.isNaN(seed) ? 'NaN' : typeof seed}`,
      ),
    );
  });

  test('is the same on every machine', () => {
    const first = draw(seededRandom('holdfast'), 3);
    expect(first).toMatchInlineSnapshot(`
      [
        0.3208396837580949,
        0.4983282736502588,
        0.126990657299757,
      ]
    `);
  });

  test('is spread evenly over [0, 1)', () => {
    const tenths = new Array<number>(10).fill(0);
    for (const value of draw(seededRandom(1), 100_000)) tenths[Math.floor(value * 10)]!++;
    for (const count of tenths) {
      expect(count).toBeGreaterThan(9500);
      expect(count).toBeLessThan(10_500);
    }
  });

  test('forks into streams that do not disturb one another', () => {
    const plain = seededRandom(1);
    const forked = seededRandom(1);
    const branch = forked.fork('retry');
    draw(branch);
    expect(draw(forked)).toEqual(draw(plain));
    expect(draw(seededRandom(1).fork('retry'))).toEqual(draw(seededRandom(1).fork('retry')));
    expect(draw(seededRandom(1).fork('retry'))).not.toEqual(draw(seededRandom(1).fork('breaker')));
    expect(draw(seededRandom(1).fork('a').fork('b'))).not.toEqual(draw(seededRandom(1).fork('b')));
  });
});
