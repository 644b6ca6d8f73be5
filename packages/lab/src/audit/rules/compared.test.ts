/** Numbers that a message compares have as many digits as it takes to see which is more. */
import { expect, test } from 'vitest';

import { type Case, rule } from '../../../test/cases.ts';
import { amount, amounts, durations, ms } from './rule.ts';

test.each([
  [100.4, 100, '100.4', '100'],
  [99.96, 100, '99.96', '100'],
  [1234.5, 1000, '1235', '1000'],
  [3, 3, '3', '3'],
  [1e-4, 0, '0.0001', '0'],
  [1e300, Infinity, '1e+300', 'Infinity'],
])('amounts %d and %d', (a, b, ...texts) => {
  expect(amounts(a, b)).toEqual(texts);
  expect(amounts(b, a)).toEqual(texts.toReversed());
});

test.each([
  [1000.4, 1000, '1000.4ms', '1000ms'],
  [1500, 1000, '1.5s', '1s'],
  [90_000.001, 90_000, '90000.001ms', '90000ms'],
  [1000, Infinity, '1s', 'for ever'],
])('durations %d and %d', (a, b, ...texts) => {
  expect(durations(a, b)).toEqual(texts);
});

test('a number that is compared with nothing is short', () => {
  expect([amount(100.4), amount(0), amount(12.345), ms(1000.4)]).toEqual([
    '100',
    '0',
    '12.3',
    '1s',
  ]);
});

const patience = '1h';
const cases: readonly [string, Case, string][] = [
  [
    'load-exceeds-capacity',
    { stock: { workers: 1, serviceTime: '10ms' }, users: { rate: 100.4 } },
    'asked for 100.4 requests a second, even if nobody retries, but can serve at most 100:',
  ],
  [
    'budget-floors-add-up',
    {
      web: { replicas: 1000 },
      policy: { retry: { budget: { floorPerSecond: 0.9804 } } },
      stock: { workers: 10, serviceTime: '10ms' },
    },
    "serve 980 requests a second beyond its usual load, but the floors of its callers' retry budgets allow 980.4 retries",
  ],
  [
    'breaker-never-opens',
    {
      policy: { breaker: { window: '10s', minimumCalls: 20 }, retry: false },
      users: { rate: 1.9996 },
    },
    "so 19.996 are in the breaker's window, and it cannot open with fewer than 20",
  ],
  [
    'bulkhead-by-littles-law',
    { policy: { bulkhead: { maxConcurrent: 1 } }, stock: { serviceTime: '50.05ms' } },
    'so 1.001 are in flight at once, but the bulkhead has only 1 slot',
  ],
  [
    'queue-outlives-deadline',
    { stock: { workers: 1, serviceTime: '10.004ms' } },
    'takes 1000.4ms to work off, but callers wait only 1000ms',
  ],
  [
    'timeout-inversion',
    { policy: { timeout: '1000.4ms' }, users: { patience, policy: {} } },
    'waits 1000ms for an answer, but one attempt of web > stock may take 1000.4ms',
  ],
  [
    'sequence-does-not-fit',
    {
      web: {
        calls: [
          { to: 'stock', policy: { timeout: '500ms' } },
          { to: 'stock', policy: { timeout: '500.4ms' } },
        ],
      },
      users: { patience, policy: {} },
    },
    'waits 1000ms for an answer, but the calls that web makes one after another may take 1000.4ms',
  ],
  [
    'tries-do-not-fit',
    { policy: { timeout: '1000.1ms', deadline: '3.3s' } },
    'need 3300.3ms, but they have 3300ms in all',
  ],
  [
    'cooldown-shorter-than-recovery',
    { policy: { breaker: { cooldown: '10s' } }, stock: { recoveryTime: '10000.4ms' } },
    'probes after 10000ms, but stock takes 10000.4ms to recover',
  ],
];

test.each(cases)('%s', (id, given, said) => {
  expect(rule(id, given)?.message).toContain(said);
});
