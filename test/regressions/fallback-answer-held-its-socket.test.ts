import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { serve, until } from '../../packages/holdfast/test/serve.ts';

// What a fallback's `run` had fetched from a mirror was cloned. The clone's twin, which nobody had,
// kept all of the body, and the socket when the caller gave up.

test('the answer that a fallback fetched lets go of its socket when the caller aborts', async () => {
  const mirror = await serve((response) => void response.write('some'));
  const fallback = { run: () => fetch(mirror.url) };
  const shop = dependency('shop', { protocol: 'http', retry: false, fallback });
  const f = resilientFetch(shop, { fetch: () => Promise.reject(new TypeError('fetch failed')) });
  const controller = new AbortController();
  const response = await f('http://shop.internal/', { signal: controller.signal });
  const text = response.text();
  controller.abort('enough');
  await expect(text).rejects.toBe('enough');
  await until('the socket is closed', () => mirror.sockets.size === 0);
});
