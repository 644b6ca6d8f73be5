import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { attemptsOf, resilientFetch } from 'holdfast/fetch';
import { testRuntime } from 'holdfast/testing';
import { serve, until } from '../../packages/holdfast/test/serve.ts';

// Sockets leaked exactly while a dependency failed: answers that were retried, or came after their
// attempt had timed out, were dropped with their bodies unread.

const retry = { backoff: { base: 0 }, budget: false } as const;

test('an answer that is retried lets go of its socket, though its body never ends', async () => {
  const held: Socket[] = [];
  const server = await serve((response, nth) => {
    if (nth === 3) {
      response.end('ok');
      return;
    }
    held.push(response.socket!);
    response.writeHead(503).write('and so on');
  });
  const f = resilientFetch(dependency('shop', { protocol: 'http', retry }));
  const response = await f(server.url);
  expect(await response.text()).toBe('ok');
  expect(held).toHaveLength(2);
  await until('both are closed', () => held.every(({ destroyed }) => destroyed));
});

test('an answer that comes after its attempt timed out lets go of its socket', async () => {
  const runtime = testRuntime();
  let answer: (() => void) | null = null;
  const server = await serve((response) => {
    answer = () => response.writeHead(200).write('and so on');
  });
  const shop = dependency('shop', { protocol: 'http', retry: false }, runtime);
  const call = resilientFetch(shop, { fetch: (input) => fetch(input) })(server.url).catch(
    (error: unknown) => error,
  );
  await until('the request is there', () => answer !== null);
  await runtime.clock.advanceAsync(5000);
  expect(await call).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
  answer!();
  await until('the connection is closed', () => server.sockets.size === 0);
});

test('an answer that is not retried any more is the caller`s, body unread', async () => {
  const server = await serve((response) => response.writeHead(503).end('busy'));
  const f = resilientFetch(dependency('shop', { protocol: 'http', retry }));
  const response = await f(server.url);
  expect(response.status).toBe(503);
  expect(response.bodyUsed).toBe(false);
  expect(attemptsOf(response)).toHaveLength(3);
  expect(await response.text()).toBe('busy');
});

test('an answer that is retried, and is there whole, leaves its connection open for others', async () => {
  const server = await serve((response, nth) =>
    response.writeHead(nth < 3 ? 503 : 200).end('small'),
  );
  const f = resilientFetch(dependency('shop', { protocol: 'http', retry }));
  await (await f(server.url)).text();
  expect(server.seen).toHaveLength(3);
  expect(server.sockets.size).toBe(server.connections);
});
