import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { serve, until } from '../../../test/serve.ts';
import { isHoldfastError } from '../../core/errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { dependency } from '../dependency.ts';
import type { DependencyOptions } from '../options.ts';
import { attemptsOf, resilientFetch, type ResilientFetchOptions, resultOf } from './index.ts';

/** A dependency that tries again at once. */
function eager(options: DependencyOptions<Response> = {}, runtime: Runtime = systemRuntime) {
  const retry = { backoff: { base: 0 }, budget: false } as const;
  return dependency('shop', { retry, ...options, protocol: 'http' }, runtime);
}

const fetching = (options?: ResilientFetchOptions, about?: DependencyOptions<Response>) =>
  resilientFetch(eager(about), options);

const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));

const streamed = (method: string, body: unknown, more: object = {}): RequestInit =>
  ({ method, body, duplex: 'half', ...more }) as RequestInit;

/** A server that answers at its third request. */
const flaky = () => serve((response, nth) => response.writeHead(nth < 3 ? 500 : 200).end());

describe('resilientFetch answers as fetch does:', () => {
  test('the very Response, with all that it is', async () => {
    const { url } = await serve((response, nth) => {
      if (nth === 1) response.writeHead(302, { location: '/there' }).end();
      else response.writeHead(201, 'Made', { 'x-header': 'x' }).end('{"a":1}');
    });
    let real: Response | undefined;
    const f = fetching({ fetch: async (...given) => (real = await fetch(...given)) });
    const response = await f(`${url}/here`);
    expect(response).toBe(real);
    expect(response).toBeInstanceOf(Response);
    expect(response.constructor).toBe(Response);
    expect(response).toMatchObject({
      status: 201,
      statusText: 'Made',
      ok: true,
      redirected: true,
      url: `${url}/there`,
      type: 'basic',
      bodyUsed: false,
    });
    expect(response.headers.get('x-header')).toBe('x');
    expect(await response.json()).toEqual({ a: 1 });
    expect(response.bodyUsed).toBe(true);
  });

  test('every way to the body', async () => {
    const text = 'grüße, '.repeat(50_000);
    const { url } = await serve((response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(text);
    });
    const f = fetching();
    const bytes = Buffer.from(text);
    expect(await (await f(url)).text()).toBe(text);
    expect(Buffer.from(await (await f(url)).arrayBuffer())).toEqual(bytes);
    expect(Buffer.from(await (await f(url)).bytes())).toEqual(bytes);
    const blob = await (await f(url)).blob();
    expect(blob).toMatchObject({ size: bytes.length, type: 'text/plain;charset=utf-8' });
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await f(url)).body!) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(bytes);
    const read = await Readable.fromWeb((await f(url)).body as never).toArray();
    expect(Buffer.concat(read)).toEqual(bytes);
    const reader = (await f(url)).body!.getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(6));
    expect(Buffer.from(first.value!).toString()).toBe(text.slice(0, 4));
    let last = first;
    while (!last.done) last = await reader.read(new Uint8Array(50_000));
    expect(last.value).toHaveLength(0);
  });

  test('a form', async () => {
    const { url } = await serve((response, _, { headers, body }) => {
      response.writeHead(200, { 'content-type': headers['content-type'] }).end(body);
    });
    const form = new FormData();
    form.set('a', 'b');
    const answer = await (await fetching()(url, { method: 'POST', body: form })).formData();
    expect([...answer]).toEqual([['a', 'b']]);
  });

  test('clones, which are watched as well', async () => {
    const { url } = await serve((response) => response.end('text'));
    const response = await fetching()(url);
    expect(response.body).not.toBe(null);
    const copy = response.clone();
    expect(attemptsOf(copy)).toEqual(attemptsOf(response));
    expect(await Promise.all([response.text(), copy.text()])).toEqual(['text', 'text']);
    expect(() => response.clone()).toThrow(TypeError);
  });

  test('a body is there once', async () => {
    const { url } = await serve((response) => response.end('text'));
    const response = await fetching()(url);
    const { body } = response;
    expect(response.body).toBe(body);
    await response.text();
    expect(body!.locked).toBe(true);
    expect(response.body!.locked).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
    await expect(response.json()).rejects.toThrow(TypeError);

    const whole = await fetching()(url);
    await whole.text();
    expect(whole.body!.locked).toBe(true);

    const other = await fetching()(url);
    other.body!.getReader();
    expect(other.bodyUsed).toBe(false);
    await expect(other.text()).rejects.toThrow(TypeError);
    expect(() => other.clone()).toThrow(TypeError);
  });

  test('no body where there is none', async () => {
    const { url } = await serve((response) => response.writeHead(204).end());
    const response = await fetching()(url);
    expect(response.body).toBe(null);
    expect(await response.text()).toBe('');
  });

  test('a mistake in the body is the reader`s', async () => {
    const { url } = await serve((response) => response.end('{'));
    await expect((await fetching()(url)).json()).rejects.toThrow(SyntaxError);
  });

  test('URL objects, Request objects, and init over a Request', async () => {
    const server = await serve((response) => response.end('ok'));
    const f = fetching();
    await f(new URL(`${server.url}/url`));
    await f(
      new Request(`${server.url}/request`, { method: 'PUT', body: 'b', headers: { a: '1' } }),
    );
    await f(new Request(`${server.url}/init`, { method: 'PUT', body: 'b' }), {
      method: 'POST',
      body: 'c',
      headers: { a: '2' },
    });
    expect(server.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/url', ''],
      ['PUT', '/request', 'b'],
      ['POST', '/init', 'c'],
    ]);
    expect(server.seen[1]!.headers).toMatchObject({
      a: '1',
      'content-type': 'text/plain;charset=UTF-8',
    });
    expect(server.seen[2]!.headers).toMatchObject({ a: '2' });
  });

  test('redirects that are wanted by hand, or not at all', async () => {
    const { url } = await serve((response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const byHand = await fetching()(url, { redirect: 'manual' });
    expect(byHand.status).toBe(302);
    const refused = fetching()(url, { redirect: 'error' });
    await expect(refused).rejects.toThrow(new TypeError('fetch failed'));
  });

  test('wrong use is one attempt and fetch`s own error', async () => {
    const send = vi.fn<typeof fetch>(fetch);
    const f = fetching({ fetch: send });
    await expect(f('no url')).rejects.toThrow(TypeError);
    await expect(f('http://127.0.0.1:1/', { method: 'GET', body: 'x' })).rejects.toThrow(TypeError);
    expect(send).toHaveBeenCalledTimes(2);
  });

  test('what a stub answers that is no real Response', async () => {
    const stub = { status: 200, ok: true, headers: new Headers(), body: streamOf('x') };
    const response = await fetching({ fetch: async () => stub as never })('http://stub/');
    expect(response).toBe(stub);
    expect(Object.getPrototypeOf(response)).toBe(Object.prototype);
    expect(attemptsOf(response)).toHaveLength(1);
  });

  test('the global fetch is looked up at each call', async () => {
    const f = fetching();
    vi.stubGlobal('fetch', async () => new Response('stub'));
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(await (await f('http://nowhere.invalid/')).text()).toBe('stub');
  });
});

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

  test('and all attempts are told of when none succeeded', async () => {
    const server = await serve((response) => response.socket!.resetAndDestroy());
    const failure: unknown = await fetching()(server.url).catch((error: unknown) => error);
    if (!isHoldfastError(failure, 'RETRIES_EXHAUSTED')) throw failure;
    expect(failure.attempts).toHaveLength(3);
    expect(failure.cause).toBeInstanceOf(TypeError);
    expect(server.seen).toHaveLength(3);
  });

  test('not before the server`s hint', async () => {
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

describe('the attempt`s signal', () => {
  test('aborts the socket when the attempt times out', async () => {
    const runtime = testRuntime();
    const server = await serve(() => {});
    const f = resilientFetch(eager({ retry: false }, runtime));
    const answer = f(server.url).catch((error: unknown) => error);
    await until('the request is there', () => server.seen.length === 1);
    expect(server.sockets.size).toBe(1);
    await runtime.clock.advanceAsync(5000);
    expect(isHoldfastError(await answer, 'ATTEMPT_TIMEOUT')).toBe(true);
    await until('the socket is closed', () => server.sockets.size === 0);
  });

  test('has no say once the headers are there: the winner`s body outlives timeout and deadline', async () => {
    const runtime = testRuntime();
    let finish: (() => void) | null = null;
    const server = await serve((response) => {
      response.write('first, ');
      finish = () => response.end('last');
    });
    const f = resilientFetch(eager({}, runtime), { bodyIdleTimeout: false });
    const response = await f(server.url);
    await runtime.clock.advanceAsync(60_000);
    finish!();
    expect(await response.text()).toBe('first, last');
  });
});

describe('the caller`s signal', () => {
  test.each([
    ['init', (url: string, signal: AbortSignal) => fetching()(url, { signal })],
    ['a Request', (url: string, signal: AbortSignal) => fetching()(new Request(url, { signal }))],
  ])('from %s ends the call, the reason untouched, and the socket', async (_, send) => {
    const server = await serve(() => {});
    const controller = new AbortController();
    const answer = send(server.url, controller.signal);
    await until('the request is there', () => server.seen.length === 1);
    const reason = { the: 'reason' };
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await until('the socket is closed', () => server.sockets.size === 0);
    expect(server.seen).toHaveLength(1);
  });

  test('that has aborted before sends nothing', async () => {
    const send = vi.fn<typeof fetch>(fetch);
    const signal = AbortSignal.abort('before');
    await expect(fetching({ fetch: send })('http://127.0.0.1:1/', { signal })).rejects.toBe(
      'before',
    );
    expect(send).not.toHaveBeenCalled();
  });

  test.each(['reading all', 'reading a stream', 'reading nothing'])(
    'ends the body as well, while %s',
    async (how) => {
      const server = await serve((response) => void response.write('some'));
      const controller = new AbortController();
      const { signal } = controller;
      const response = await fetching()(server.url, { signal });
      const reason = new Error('enough');
      let outcome: Promise<unknown> | null = null;
      if (how === 'reading all') {
        outcome = response.text();
      } else if (how === 'reading a stream') {
        const reader = response.body!.getReader();
        await reader.read();
        outcome = reader.read();
      }
      controller.abort(reason);
      await expect(outcome ?? response.text()).rejects.toBe(reason);
      await until('the socket is closed', () => server.sockets.size === 0);
    },
  );

  test('ends clones, too', async () => {
    const server = await serve((response) => void response.write('some'));
    const controller = new AbortController();
    const response = await fetching()(server.url, { signal: controller.signal });
    const outcomes = [response.clone().text(), response.text()];
    controller.abort('enough');
    for (const outcome of outcomes) await expect(outcome).rejects.toBe('enough');
    await until('the socket is closed', () => server.sockets.size === 0);
  });

  test('has no listener of ours when all bodies have ended', async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, 'addEventListener');
    const remove = vi.spyOn(signal, 'removeEventListener');
    const { url } = await serve((response) => response.end('text'));
    const f = fetching();
    const responses = await Promise.all(Array.from({ length: 30 }, () => f(url, { signal })));
    await Promise.all(responses.map((response) => response.text()));
    await until('they are gone', () => remove.mock.calls.length === add.mock.calls.length);
    expect(add.mock.calls.length).toBeGreaterThan(0);
    expect(add.mock.calls.length).toBeLessThan(10);
  });

  test('passes through a resilientFetch inside another', async () => {
    const server = await serve((response) => void response.write('some'));
    const controller = new AbortController();
    const f = fetching({ fetch: fetching() });
    const response = await f(server.url, { signal: controller.signal });
    const text = response.text();
    controller.abort('enough');
    await expect(text).rejects.toBe('enough');
  });
});

describe('a body that brings nothing', () => {
  test('ends with a timeout of its own, and its socket is let go', async () => {
    const runtime = testRuntime();
    const server = await serve((response) => void response.write('some'));
    const f = resilientFetch(eager({}, runtime));
    const text = (await f(server.url)).text().catch((error: unknown) => error);
    await until('its timer runs', () => runtime.clock.nextDue() === 10_000);
    await sleep(20); // the first chunk is in
    await runtime.clock.advanceAsync(10_000);
    const error = await text;
    if (!isHoldfastError(error, 'ATTEMPT_TIMEOUT')) throw error;
    expect(error.message).toContain('no more of the body within 10s');
    expect(error).toMatchObject({ dependency: 'shop', policy: 'fetch' });
    await until('the socket is closed', () => server.sockets.size === 0);
    expect(runtime.clock.armed).toBe(0);
  });

  test('has its time anew with each chunk', async () => {
    const runtime = testRuntime();
    const writes: (() => void)[] = [];
    const server = await serve((response) => {
      response.flushHeaders();
      writes.push(
        () => response.write('x'),
        () => response.end('.'),
      );
    });
    const f = resilientFetch(eager({}, runtime), { bodyIdleTimeout: '1s' });
    const response = await f(server.url);
    const reader = response.body!.getReader();
    for (const write of writes) {
      const chunk = reader.read();
      await runtime.clock.advanceAsync(999);
      write();
      expect((await chunk).done).toBe(false);
    }
    expect((await reader.read()).done).toBe(true);
    expect(runtime.clock.armed).toBe(0);
  });

  test('is not cut while nobody asks for more', async () => {
    const runtime = testRuntime();
    const server = await serve((response) => response.end('x'.repeat(1_000_000)));
    const f = resilientFetch(eager({}, runtime), { bodyIdleTimeout: '1s' });
    const reader = (await f(server.url)).body!.getReader();
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      await runtime.clock.advanceAsync(5000);
    }
    expect(size).toBe(1_000_000);
  });

  test('may take for ever where that is wanted', async () => {
    const runtime = testRuntime();
    let end: (() => void) | null = null;
    const server = await serve((response) => {
      response.flushHeaders();
      end = () => response.end('late');
    });
    const f = resilientFetch(eager({}, runtime), { bodyIdleTimeout: false });
    const text = (await f(server.url)).text();
    await runtime.clock.advanceAsync(3_600_000);
    end!();
    expect(await text).toBe('late');
  });

  test('that breaks is told as fetch tells it', async () => {
    const server = await serve((response) => {
      response.write('some');
      setTimeout(() => response.socket!.resetAndDestroy(), 20);
    });
    await expect((await fetching()(server.url)).text()).rejects.toThrow(
      new TypeError('terminated'),
    );
  });
});

describe('a one-shot body', () => {
  test.each([
    ['a stream', () => streamOf('one, ', 'two')],
    ['an async iterable', () => Readable.from([Buffer.from('one, '), Buffer.from('two')])],
  ])('is kept and sent again: %s', async (_, body) => {
    const server = await flaky();
    const response = await fetching()(server.url, streamed('PUT', body()));
    expect(response.status).toBe(200);
    expect(server.seen.map((seen) => seen.body)).toEqual(['one, two', 'one, two', 'one, two']);
  });

  test('of a Request is kept and sent again, with its type', async () => {
    const server = await flaky();
    const form = new FormData();
    form.set('name', 'value');
    await fetching()(new Request(server.url, { method: 'PUT', body: form }));
    expect(server.seen).toHaveLength(3);
    for (const { body, headers } of server.seen) {
      expect(body).toContain('value');
      expect(headers['content-type']).toContain('multipart/form-data; boundary=');
    }
  });

  test('beyond the cap is streamed, and not sent again', async () => {
    const server = await flaky();
    const chunk = 'x'.repeat(30_000);
    const body = streamOf(chunk, chunk, chunk, chunk);
    const response = await fetching()(server.url, streamed('PUT', body));
    expect(response.status).toBe(500);
    expect(server.seen.map((seen) => seen.body.length)).toEqual([120_000]);
    expect(server.seen[0]!.headers['transfer-encoding']).toBe('chunked');
    expect(resultOf(response)).toMatchObject({ stoppedBy: 'unsafe' });
  });

  test('beyond the cap is not sent again even if the server would have it', async () => {
    const server = await serve((response) => response.writeHead(503, { 'retry-after': '0' }).end());
    const f = fetching({ maxBufferedBody: 0 });
    const response = await f(server.url, streamed('PUT', streamOf('once')));
    expect(response.status).toBe(503);
    expect(server.seen.map((seen) => seen.body)).toEqual(['once']);
  });

  test('beyond the cap is sent again if nothing of it was', async () => {
    const refusing = await serve(() => {});
    await refusing.close();
    const server = await serve((response) => response.end('ok'));
    const hosts = [refusing.url, server.url];
    const f = fetching({
      maxBufferedBody: 3,
      fetch: (_, init) => fetch(hosts.shift()!, init),
    });
    const response = await f('http://shop/', streamed('POST', streamOf('one, ', 'two, ', 'three')));
    expect(response.status).toBe(200);
    expect(server.seen.map((seen) => seen.body)).toEqual(['one, two, three']);
  });

  test('that fails fails the call with its own error, once', async () => {
    const server = await flaky();
    const error = new Error('disk');
    const body = new ReadableStream({ pull: () => Promise.reject(error) });
    await expect(fetching()(server.url, streamed('PUT', body))).rejects.toBe(error);
    expect(server.seen).toHaveLength(0);
  });

  test('that was read before is refused, not sent empty', async () => {
    const server = await flaky();
    const body = streamOf('one', 'two');
    const reader = body.getReader();
    await reader.read();
    reader.releaseLock();
    await expect(fetching()(server.url, streamed('PUT', body))).rejects.toThrow(TypeError);
    const used = new Request(server.url, { method: 'PUT', body: 'text' });
    await used.text();
    await expect(fetching()(used)).rejects.toThrow(TypeError);
    expect(server.seen).toHaveLength(0);
  });

  test('is let go when the caller aborts while it is being kept', async () => {
    const cancel = vi.fn<() => void>();
    const body = new ReadableStream({ pull: () => new Promise(() => {}), cancel });
    const controller = new AbortController();
    const { signal } = controller;
    const answer = fetching()('http://127.0.0.1:1/', streamed('PUT', body, { signal }));
    await sleep(5);
    controller.abort('enough');
    await expect(answer).rejects.toBe('enough');
    await until('it is cancelled', () => cancel.mock.calls.length === 1);
  });
});

describe('Holdfast-Context', () => {
  test('goes to the hosts that are named, with what is so at each attempt', async () => {
    const runtime = testRuntime();
    const server = await serve((response, nth) => response.writeHead(nth < 2 ? 500 : 200).end());
    const retry = {
      backoff: { kind: 'constant', base: 1000, jitter: 'none' },
      budget: false,
    } as const;
    const f = resilientFetch(eager({ retry }, runtime), {
      contextHosts: [`127.0.0.1:${server.port}`],
      criticality: 'sheddable',
    });
    const answer = f(server.url, { headers: { a: '1' } });
    await until('a retry is planned', () => runtime.sink.of('retry.scheduled').length === 1);
    await runtime.clock.advanceAsync(1000);
    await answer;
    expect(server.seen.map(({ headers }) => headers['holdfast-context'])).toEqual([
      'deadline=20000, attempt=1, criticality=sheddable',
      'deadline=19000, attempt=2, criticality=sheddable',
    ]);
    expect(server.seen[0]!.headers['a']).toBe('1');
  });

  test('goes to no other host', async () => {
    const server = await serve((response) => response.end());
    await fetching()(server.url);
    await fetching({ contextHosts: ['elsewhere.internal', '127.0.0.1:1'] })(server.url);
    for (const { headers } of server.seen) expect(headers).not.toHaveProperty('holdfast-context');
  });

  test('names any port, knows a Request and a URL, and replaces nothing', async () => {
    const server = await serve((response) => response.end());
    const f = fetching({ contextHosts: ['127.0.0.1'] }, { deadline: false });
    await f(new URL(server.url));
    await f(new Request(server.url, { headers: { a: '1' } }));
    await f(server.url, { headers: { 'Holdfast-Context': 'mine' } });
    expect(server.seen.map(({ headers }) => headers['holdfast-context'])).toEqual([
      'attempt=1, criticality=critical',
      'attempt=1, criticality=critical',
      'mine',
    ]);
    expect(server.seen[1]!.headers['a']).toBe('1');
  });
});

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
});

describe('attemptsOf', () => {
  test('knows one attempt of a success, and none of a response of others', async () => {
    const server = await serve((response) => response.end());
    expect(attemptsOf(await fetching()(server.url))).toMatchObject([
      { attempt: 1, verdict: 'success' },
    ]);
    expect(attemptsOf(new Response())).toEqual([]);
    expect(resultOf(new Response())).toBe(undefined);
  });
});

describe('options of resilientFetch', () => {
  test.each([
    [{ bodyIdleTimeout: 0 }, RangeError, 'resilientFetch.bodyIdleTimeout must be'],
    [{ bodyIdleTimeout: 'soon' }, RangeError, 'resilientFetch.bodyIdleTimeout'],
    [{ maxBufferedBody: -1 }, RangeError, 'resilientFetch.maxBufferedBody'],
    [{ idempotencyKey: 'always' }, RangeError, 'resilientFetch.idempotencyKey'],
    [{ fetch: 'fetch' }, TypeError, 'resilientFetch.fetch must be a function'],
    [{ contextHosts: 'a.internal' }, TypeError, 'resilientFetch.contextHosts must be an array'],
    [{ contextHosts: ['https://a/'] }, TypeError, 'resilientFetch.contextHosts[0]'],
    [{ criticality: 'vital' }, RangeError, 'resilientFetch.criticality'],
    [{ bodyTimeout: 5 }, TypeError, 'resilientFetch.bodyTimeout is not an option'],
  ])('are checked at once: %j', (options, kind, message) => {
    const made = (): unknown => fetching(options as ResilientFetchOptions);
    expect(made).toThrow(kind);
    expect(made).toThrow(message);
  });

  test('need a dependency', () => {
    expect(() => resilientFetch({} as never)).toThrow('must be given a dependency');
    expect(() => resilientFetch(undefined as never)).toThrow('must be given a dependency');
  });
});

test('an error of the network is as it was after one attempt', async () => {
  const silent = createTcpServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as { port: number };
  const answer = fetching({}, { retry: false })(`http://127.0.0.1:${port}/`);
  await expect(answer).rejects.toThrow(new TypeError('fetch failed'));
});
