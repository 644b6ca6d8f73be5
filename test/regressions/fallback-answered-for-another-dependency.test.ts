import { dependency } from 'holdfast';
import { describe, expect, test } from 'vitest';

const down = (): never => {
  throw new Error('down');
};

/** What a dependency answers whose fallback is this value. */
const answer = (value: unknown): Promise<unknown> =>
  dependency('any', { retry: false, fallback: { value } }).call(down);

describe('a fallback answers with its own value', () => {
  test('however like the values of others that value is', async () => {
    const alike = [
      [new Map([['eur', 1]]), new Map([['usd', 2]]), new Set([3]), {}],
      [null, NaN, Infinity],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      [{ left: 7 }, { left: 7 }, { left: 7, until: undefined }],
    ];
    for (const value of alike.flat()) expect(await answer(value)).toBe(value);
  });

  test('whether or not it could be written as JSON', async () => {
    const circle: Record<string, unknown> = {};
    circle['itself'] = circle;
    expect(await answer(circle)).toBe(circle);
    expect(await answer(7n)).toBe(7n);
  });
});
