import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

// A Request whose body is a form is filled by undici in the background. It does not look whether the
// body has been cancelled, and what it throws then is nobody's: one call refused by an open breaker
// was the end of the process.
test('a Request with a form that is refused is let go, and nothing else ends with it', async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { resilientFetch } from './client/fetch/index.ts';
    const shop = holdfast.dependency('shop', { protocol: 'http' });
    shop.breaker.isolate();
    const body = new FormData();
    body.set('name', 'lamp');
    body.set('picture', new Blob(['x'.repeat(1_000_000)]));
    const send = resilientFetch(shop);
    for (const signal of [null, AbortSignal.abort(new Error('left'))]) {
      const request = new Request('http://shop/', { method: 'POST', body });
      console.log((await send(request, { signal }).catch((error) => error)).name);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  `);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'CircuitOpenError\nError\n',
    stderr: '',
  });
});
