import { describe, expect, test, vi } from 'vitest';
import { eager, fetching } from '../../../test/fetching.ts';
import { serve, until } from '../../../test/serve.ts';
import { isHoldfastError } from '../../core/errors.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { attemptsOf, resilientFetch, resultOf } from './index.ts';

describe('a request is repeated', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'put'])('if it is a %s', async (method) => {
    const server = await serve((response, nth) => response.writeHead(nth < 3 ? 500 : 200).end());
    const response = await fetching()(server.url, { method });
    expect(response.status).toBe(200);
    expect(server.seen).toHaveLength(3);
    expect(attemptsOf(response).map(({ verdict }) => verdict)).toEqual([
      'transient',
      'transient',
      'success',
    ]);
  });

  test.each(['POST', 'PATCH'])('not if it is a %s without a key', async (method) => {
    const server = await serve((response) => response.writeHead(500).end('why'));
    const response = await fetching()(server.url, { method, body: 'x' });
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('why');
    expect(server.seen).toHaveLength(1);
    expect(resultOf(response)).toMatchObject({ verdict: 'transient', stoppedBy: 'unsafe' });
  });

  test.each([
    ['record', { 'idempotency-key': 'k1' }],
    ['Headers', new Headers({ 'Idempotency-Key': 'k1' })],
    ['pairs', [['IDEMPOTENCY-KEY', 'k1']]],
  ] as [string, NonNullable<RequestInit['headers']>][])(
    'if it has an Idempotency-Key, as %s',
    async (_, headers) => {
      const server = await serve((response, nth) => response.writeHead(nth < 2 ? 500 : 200).end());
      const keys: unknown[] = [];
      const shop = eager({ onEvent: () => {} });
      const spied = Object.assign(Object.create(shop) as typeof shop, {
        tryCall: (operation: Parameters<typeof shop.tryCall>[0], options: { key?: string }) => {
          keys.push(options.key);
          return shop.tryCall(operation as never, options);
        },
      });
      const response = await resilientFetch(spied as typeof shop)(server.url, {
        method: 'POST',
        body: 'x',
        headers,
      });
      expect(response.status).toBe(200);
      expect(server.seen.map((seen) => seen.headers['idempotency-key'])).toEqual(['k1', 'k1']);
      expect(keys).toEqual(['k1']);
    },
  );

  test('if a Request carries the key', async () => {
    const server = await serve((response, nth) => response.writeHead(nth < 2 ? 500 : 200).end());
    const headers = { 'Idempotency-Key': 'k2' };
    await fetching()(new Request(server.url, { method: 'POST', body: 'text', headers }));
    expect(server.seen.map(({ body }) => body)).toEqual(['text', 'text']);
  });

  test('if it was never sent, whatever its method', async () => {
    const refusing = await serve(() => {});
    await refusing.close();
    const server = await serve((response) => response.end('ok'));
    const hosts = [refusing.url, refusing.url, server.url];
    const send = vi.fn<typeof fetch>((_input, init) => fetch(hosts.shift()!, init));
    const response = await fetching({ fetch: send })('http://shop.internal/', {
      method: 'POST',
      body: 'once',
      redirect: 'error',
    });
    expect(await response.text()).toBe('ok');
    expect(send).toHaveBeenCalledTimes(3);
    expect(server.seen.map(({ body }) => body)).toEqual(['once']);
  });

  test('not if the connection broke after a POST', async () => {
    const server = await serve((response) => response.socket!.resetAndDestroy());
    const failure: unknown = await fetching()(server.url, { method: 'POST', body: 'x' }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(TypeError);
    expect((failure as Error).message).toBe('fetch failed');
    expect(server.seen).toHaveLength(1);
  });

  test('and the error tells of all attempts when none succeeded', async () => {
    const server = await serve((response) => response.socket!.resetAndDestroy());
    const failure: unknown = await fetching()(server.url).catch((error: unknown) => error);
    if (!isHoldfastError(failure, 'RETRIES_EXHAUSTED')) throw failure;
    expect(failure.attempts).toHaveLength(3);
    expect(failure.cause).toBeInstanceOf(TypeError);
    expect(server.seen).toHaveLength(3);
  });

  test('not before the server’s hint', async () => {
    const runtime = testRuntime();
    const server = await serve((response, nth) => {
      if (nth === 1) response.writeHead(503, { 'retry-after': '3' }).end();
      else response.end('ok');
    });
    const f = resilientFetch(eager({}, runtime));
    const answer = f(server.url);
    await until('a retry is planned', () => runtime.sink.of('retry.scheduled').length === 1);
    await runtime.clock.advanceAsync(2999);
    expect(server.seen).toHaveLength(1);
    await runtime.clock.advanceAsync(1);
    expect((await answer).status).toBe(200);
  });

  test.each([409, 429, 503])(
    'if a %i says when to come back, whatever its method',
    async (status) => {
      const server = await serve((response, nth) =>
        response.writeHead(nth === 1 ? status : 200, { 'retry-after': '0' }).end(),
      );
      const response = await fetching()(server.url, { method: 'POST', body: 'x' });
      expect(response.status).toBe(200);
      expect(server.seen).toHaveLength(2);
    },
  );

  test('not if a 409 does not say when to come back, and the breaker counts that one alone', async () => {
    const server = await serve((response, nth) =>
      response.writeHead(409, nth < 3 ? { 'retry-after': '0' } : {}).end(),
    );
    const shop = eager({});
    const headers = { 'Idempotency-Key': 'k1' };
    const response = await resilientFetch(shop)(server.url, { method: 'POST', headers });
    expect(resultOf(response)).toMatchObject({ stoppedBy: 'terminal' });
    expect(server.seen).toHaveLength(3);
    expect(shop.snapshot()).toMatchObject({ 'circuit-breaker': { calls: 1, failures: 0 } });
  });

  test('not if the server forbids it', async () => {
    const server = await serve((response) => {
      response.writeHead(503, { 'holdfast-pushback': 'retry=no' }).end('busy');
    });
    const response = await fetching()(server.url);
    expect(await response.text()).toBe('busy');
    expect(resultOf(response)).toMatchObject({ stoppedBy: 'pushback', verdict: 'overload' });
    expect(server.seen).toHaveLength(1);
  });
});
