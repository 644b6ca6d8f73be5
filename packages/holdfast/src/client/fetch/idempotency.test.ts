import { describe, expect, test } from 'vitest';
import { eager, fetching } from '../../../test/fetching.ts';
import { serve } from '../../../test/serve.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { resilientFetch } from './index.ts';

describe('idempotencyKey: auto', () => {
  const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

  test.each(['POST', 'PATCH', 'post'])('gives a %s one key for all attempts', async (method) => {
    const server = await serve((response, nth) => response.writeHead(nth % 3 ? 500 : 200).end());
    const f = fetching({ idempotencyKey: 'auto' });
    await f(server.url, { method, body: 'x', headers: { a: '1' } });
    await f(new Request(server.url, { method: 'POST', body: 'x', headers: { a: '1' } }));
    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(6);
    expect(keys[0]).toMatch(uuid);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(new Set(keys).size).toBe(2);
    expect(new Set(server.seen.map(({ headers }) => headers['a']))).toEqual(new Set(['1']));
  });

  test('leaves a key that is given, and other methods, alone', async () => {
    const server = await serve((response) => response.end());
    const f = fetching({ idempotencyKey: 'auto' });
    await f(server.url, { method: 'POST', headers: { 'Idempotency-Key': 'mine' } });
    await f(server.url, { method: 'PUT' });
    await f(server.url);
    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual(['mine', undefined, undefined]);
  });

  test('takes its randomness from the runtime', async () => {
    const server = await serve((response) => response.end());
    for (const seed of [1, 1, 2]) {
      const f = resilientFetch(eager({}, testRuntime(seed)), { idempotencyKey: 'auto' });
      await f(server.url, { method: 'POST' });
    }
    const [first, again, other] = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(first).toBe(again);
    expect(first).not.toBe(other);
  });
});
