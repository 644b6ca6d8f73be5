import { expect, test } from 'vitest';

import { type Case, layer, rule } from '../../../test/cases.ts';

/** Calls of at most 5 s behind a gateway that makes so many attempts of 1 s. */
const behind = (maxAttempts: number): Case => ({
  policy: { timeout: '2s', deadline: '5s' },
  users: { policy: { timeout: '7s', deadline: '7s', retry: false } },
  layers: [layer({ from: 'shoppers', to: 'web', maxAttempts, perTry: 1000, timeout: 7000 })],
});

const id = 'tries-do-not-fit';

test('tries-do-not-fit finds a timeout of the only attempt that its deadline ends before', () => {
  const finding = rule(id, { policy: { timeout: '8s', retry: false } });
  expect(finding).toMatchObject({
    severity: 'warning',
    at: 'web > stock',
    value: 4000,
    message:
      'web > stock: an attempt may take 8s by its `timeout`, but has only the 4s of the `deadline`, the default',
    fix: 'Set `deadline` to 8s or more, or `timeout` to at most 4s.',
  });
  expect(finding?.place.path.at(-1)).toBe('timeout');
  const chosen = rule(id, { policy: { timeout: '8s', deadline: '6s', retry: false } });
  expect(chosen?.message).toMatch(/the 6s of the `deadline`$/);
  expect(rule(id, { policy: { timeout: '8s', deadline: '8s', retry: false } })).toBeUndefined();
  // Who states the total alone has chosen no limit of one.
  expect(rule(id, { policy: { deadline: '300ms', retry: false } })).toBeUndefined();
  expect(rule(id, { policy: 'none', users: { policy: { deadline: false } } })).toBeUndefined();
});

test('timeout-inversion counts what a gateway tries again for users who do not', () => {
  expect(rule('timeout-inversion', behind(3))?.message).toBe(
    'shoppers > web waits 1s for an answer, but a call of web > stock may take 5s',
  );
  expect(rule('timeout-inversion', behind(1))).toBeUndefined();
});
