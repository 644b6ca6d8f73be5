import { describe, expect, test } from 'vitest';
import { optional, partial } from './partial.ts';

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value));
const failing = (text: string): Promise<never> =>
  new Promise((_, reject) => setImmediate(reject, new Error(text)));

describe('partial', () => {
  test('gives what arrived, by name', async () => {
    const { values, missing, errors } = await partial({
      product: () => later('lamp'),
      price: later(9),
      stock: () => 3,
      reviews: optional(() => later(['good'])),
    });
    expect(values).toEqual({ product: 'lamp', price: 9, stock: 3, reviews: ['good'] });
    expect([missing, errors]).toEqual([[], {}]);
  });

  test('says which optional parts are missing, in the order of the parts, and why', async () => {
    const { values, missing, errors } = await partial({
      slow: optional(() => failing('slow')),
      product: () => 'lamp',
      quick: optional(() => {
        throw new Error('quick');
      }),
      started: optional(failing('started')),
    });
    expect(values).toEqual({
      slow: undefined,
      product: 'lamp',
      quick: undefined,
      started: undefined,
    });
    expect(Object.keys(values)).toEqual(['slow', 'product', 'quick', 'started']);
    expect(missing).toEqual(['slow', 'quick', 'started']);
    expect((errors.quick as Error).message).toBe('quick');
  });

  test('an optional part that failed with nothing is missing too', async () => {
    const { missing, errors } = await partial({ odd: optional(() => Promise.reject()) });
    expect(missing).toEqual(['odd']);
    expect(errors).toEqual({ odd: undefined });
  });

  test('fails with the error of a required part, at once, whatever the others do', async () => {
    const never = new Promise<never>(() => {});
    const failed = new Error('no product');
    const parts = {
      product: () => Promise.reject(failed),
      price: () => never,
      reviews: optional(() => failing('late')),
      stock: () => failing('later still'),
    };
    await expect(partial(parts)).rejects.toBe(failed);
    await later(null);
  });

  test('runs all parts at once', async () => {
    const begun: string[] = [];
    const part = (name: string) => () => {
      begun.push(name);
      return later(name);
    };
    const all = partial({ a: part('a'), b: optional(part('b')), c: part('c') });
    expect(begun).toEqual(['a', 'b', 'c']);
    await all;
  });

  test('of nothing is nothing', async () => {
    expect(await partial({})).toEqual({ values: {}, missing: [], errors: {} });
  });
});
