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

  test.each([
    [3, 'parts by name, got 3'],
    [null, 'parts by name, got null'],
    [[() => 'lamp'], 'parts by name, got an array'],
    [new Map([['product', () => 'lamp']]), 'parts by name, got an instance of Map'],
    [Promise.resolve({}), 'parts by name, got an instance of Promise'],
  ])('is not made of %o', async (parts, got) => {
    await expect(partial(parts as never)).rejects.toEqual(
      new TypeError(`partial must be given an object of ${got}`),
    );
  });

  test('begins no part where one is no work', async () => {
    let begun = 0;
    const product = () => begun++;
    await expect(partial({ product, price: 9 } as never)).rejects.toEqual(
      new TypeError('partial.price must be a function, a promise or optional(...), got 9'),
    );
    expect(begun).toBe(0);
    expect(() => optional(undefined as never)).toThrow(
      new TypeError('optional must be given a function or a promise, got undefined'),
    );
  });

  test('of nothing is nothing', async () => {
    expect(await partial({})).toEqual({ values: {}, missing: [], errors: {} });
  });
});
