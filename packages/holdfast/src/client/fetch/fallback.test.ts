import { describe, expect, test } from 'vitest';
import { eager, fetching } from '../../../test/fetching.ts';
import { serve } from '../../../test/serve.ts';
import { resilientFetch, resultOf } from './index.ts';

describe('a fallback', () => {
  test('answers each call with a body of its own', async () => {
    const server = await serve((response) => response.socket!.destroy());
    const value = new Response('instead');
    const f = fetching({}, { retry: false, fallback: { value } });
    for (const _ of [1, 2, 3]) {
      const response = await f(server.url);
      expect(await response.text()).toBe('instead');
      expect(resultOf(response)).toMatchObject({ fellBack: true });
    }
  });

  test('may have no body', async () => {
    const server = await serve((response) => response.socket!.destroy());
    const value = new Response(null, { status: 204 });
    const f = fetching({}, { retry: false, fallback: { value } });
    for (const _ of [1, 2]) {
      const response = await f(server.url);
      expect(response).not.toBe(value);
      expect(response).toMatchObject({ status: 204, body: null });
    }
  });

  test('serves every resilientFetch of its dependency', async () => {
    const server = await serve((response) => response.socket!.destroy());
    const shop = eager({ retry: false, fallback: { value: new Response('instead') } });
    for (const _ of [1, 2]) {
      expect(await (await resilientFetch(shop)(server.url)).text()).toBe('instead');
    }
  });

  test('that runs is asked for each call, and its answer handed on as it is', async () => {
    const server = await serve((response) => response.socket!.destroy());
    const made: Response[] = [];
    const run = (): Response => {
      made.push(new Response('made'));
      return made.at(-1)!;
    };
    const f = fetching({}, { retry: false, fallback: { run } });
    for (const nth of [0, 1]) {
      const response = await f(server.url);
      expect(response).toBe(made[nth]);
      expect(await response.text()).toBe('made');
    }
  });
});

describe('a fallback that could not answer a fetch is refused at once:', () => {
  test.each([true, { maxAge: '1m' }] as const)('stale: %j', (stale) => {
    expect(() => fetching({}, { fallback: { stale } })).toThrow(
      new TypeError(
        "resilientFetch: dependency('shop').fallback.stale cannot keep a Response, whose body is read once; keep what was read from it, in a dependency around the parsed value",
      ),
    );
    const value = new Response('none yet');
    expect(() => fetching({}, { fallback: { stale, value } })).toThrow('fallback.stale');
  });

  test('a value that is no Response', () => {
    for (const value of ['text', null, 5, {}]) {
      expect(() => fetching({}, { fallback: { value: value as never } })).toThrow(
        "dependency('shop').fallback.value must be a Response",
      );
    }
  });

  test('a Response whose body has been read', async () => {
    const value = new Response('text');
    await value.text();
    expect(() => fetching({}, { fallback: { value } })).toThrow('whose body is unread');
  });
});
