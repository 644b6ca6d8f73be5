import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { fetching, streamOf } from '../../../test/fetching.ts';
import { serve } from '../../../test/serve.ts';
import { attemptsOf, resultOf } from './index.ts';

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

  test.each([
    ['a frozen one', (response: Response) => Object.freeze(response)],
    // As fetch-mock has it: methods run on the response behind.
    [
      'a mock’s proxy',
      (response: Response) =>
        new Proxy(response, {
          get(behind, name) {
            const member: unknown = Reflect.get(behind, name, behind);
            return typeof member === 'function' ? member.bind(behind) : member;
          },
        }),
    ],
  ])('a response as it is where its body cannot be watched: %s', async (_, made) => {
    const f = fetching({ fetch: async () => made(new Response('text')) });
    const response = await f('http://shop');
    expect(attemptsOf(response)).toHaveLength(1);
    expect(await response.clone().text()).toBe('text');
    expect(await response.text()).toBe('text');
  });

  test('a mistake in the body is the reader’s', async () => {
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

  test('wrong use is one attempt and fetch’s own error', async () => {
    const send = vi.fn<typeof fetch>(fetch);
    const f = fetching({ fetch: send });
    await expect(f('no url')).rejects.toThrow(TypeError);
    await expect(f('http://127.0.0.1:1/', { method: 'GET', body: 'x' })).rejects.toThrow(TypeError);
    expect(send).toHaveBeenCalledTimes(2);
  });

  test.each([
    ['5', 5],
    ['"GET"', 'GET'],
    ['a function', () => {}],
  ])('no init that is %s', async (shown, init) => {
    let asked = 0;
    const load = fetching({ fetch: async () => (asked++, new Response()) });
    await expect(load('http://shop/', init as never)).rejects.toThrow(
      new TypeError(`init must be an object, got ${shown}`),
    );
    await load('http://shop/', null as never);
    expect(asked).toBe(1);
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

describe('attemptsOf', () => {
  test('knows one attempt of a success, and none of a response of others', async () => {
    const server = await serve((response) => response.end());
    expect(attemptsOf(await fetching()(server.url))).toMatchObject([
      { attempt: 1, verdict: 'success' },
    ]);
    expect(attemptsOf(new Response())).toEqual([]);
    expect(resultOf(new Response())).toBe(undefined);
    expect(attemptsOf(undefined as never)).toEqual([]);
    expect(resultOf('no answer' as never)).toBe(undefined);
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
