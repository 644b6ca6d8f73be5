import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';

// Each caller got a clone of the fallback's Response. A clone is a branch of the clone before, so
// thousands that were dropped unread were never freed, and the next one read overflowed the stack.

test('a fallback`s Response answers as before after thousands of answers that nobody read', async () => {
  const headers = { 'content-type': 'text/plain', 'x-from': 'fallback' };
  const value = new Response('instead', { status: 203, statusText: 'Old', headers });
  const shop = dependency('shop', { protocol: 'http', retry: false, fallback: { value } });
  const f = resilientFetch(shop, { fetch: () => Promise.reject(new TypeError('fetch failed')) });
  for (let i = 0; i < 10_000; i++) await f('http://shop.internal/');
  const response = await f('http://shop.internal/');
  expect(response).toMatchObject({ status: 203, statusText: 'Old' });
  expect(Object.fromEntries(response.headers)).toEqual(headers);
  expect(await response.text()).toBe('instead');
});
