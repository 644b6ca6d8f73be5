import { describe, expect, test } from 'vitest';

import { layer } from '../../test/cases.ts';
import { envoyBackoff } from './istio-retries.ts';
import type { Layer } from './layers.ts';
import { type Fitting, triesNeed, triesThatFit } from './tries.ts';

/** Try by try. */
function counted({ maxAttempts, perTry, hedges, backoff }: Layer, available: number): Fitting {
  let begin = 0;
  let end = 0;
  for (let start = 0; begin < maxAttempts && start < available;) {
    begin += 1;
    if (start + perTry <= available) end += 1;
    start += (hedges ? 0 : perTry) + backoff(begin);
  }
  return { begin, end };
}

const waits: readonly Layer['backoff'][] = [
  () => 0,
  () => 50,
  (n) => Math.min(300, 100 * 2 ** (n - 1)),
  envoyBackoff(25),
  // gRPC's multiplier may be less than 1.
  (n) => Math.min(250, 400 * 0.75 ** (n - 1)),
];

describe('tries that fit', () => {
  test('are those that one would count', () => {
    for (const backoff of waits) {
      for (const perTry of [1, 100, 999, 1000, 5000]) {
        for (const maxAttempts of [1, 2, 3, 7, 50]) {
          for (const hedges of [false, true]) {
            const one = layer({ maxAttempts, perTry, hedges, backoff });
            expect(triesThatFit([one], 1000)).toEqual(counted(one, 1000));
          }
        }
      }
    }
  });

  test('need what their waits add up to, whether these grow or shrink', () => {
    for (const backoff of waits) {
      const need = [1, 2, 3, 4].reduce((all, n) => all + backoff(n), 5 * 100);
      expect(triesNeed([layer({ maxAttempts: 5, perTry: 100, backoff })])).toBeCloseTo(need, 9);
    }
  });

  test('are not counted one by one: a file may state very many', () => {
    let asked = 0;
    const backoff = (n: number): number => {
      asked += 1;
      return envoyBackoff(1)(n);
    };
    const many = { maxAttempts: 2 ** 31, perTry: 1, backoff };
    expect(triesThatFit([layer({ ...many, timeout: 1e15 })], Infinity).begin).toBe(2 ** 31);
    // The first five begin in 19 ms, the next after 30, and then one every 11.
    const { begin, end } = triesThatFit([layer({ ...many, timeout: 11e9 + 20 })], Infinity);
    expect([begin, end]).toEqual([1e9 + 5, 1e9 + 5]);
    expect(asked).toBeLessThan(100);
  });
});
