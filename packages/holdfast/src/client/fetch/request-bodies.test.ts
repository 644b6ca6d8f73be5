import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { fetching, flaky, streamed, streamOf } from '../../../test/fetching.ts';
import { serve, until } from '../../../test/serve.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { resultOf } from './index.ts';

/** Answers before it has read what it is sent. */
const earlyAnswer = async (input: unknown): Promise<Response> => {
  await (input as Request).body!.cancel();
  return new Response('enough');
};

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
    const body = streamOf('one, ', 'two, ', 'three');
    const response = await f('http://shop/', streamed('POST', body, { redirect: 'error' }));
    expect(response.status).toBe(200);
    expect(server.seen.map((seen) => seen.body)).toEqual(['one, two, three']);
  });

  test('that fails fails the call with its own error, once', async () => {
    const server = await flaky();
    const error = Object.assign(new Error('disk'), { code: 'ECONNRESET' });
    const broken = (): RequestInit =>
      streamed('PUT', new ReadableStream({ pull: () => Promise.reject(error) }));
    await expect(fetching()(server.url, broken())).rejects.toBe(error);
    await expect(fetching()(new Request(server.url, broken()))).rejects.toBe(error);
    expect(server.seen).toHaveLength(0);
  });

  test('of a Request beyond the cap is the Request’s to send, once', async () => {
    const server = await flaky();
    const request = new Request(server.url, { method: 'PUT', body: 'x'.repeat(5) });
    const response = await fetching({ maxBufferedBody: 4 })(request);
    expect(resultOf(response)).toMatchObject({ stoppedBy: 'unsafe' });
    expect(server.seen.map(({ body }) => body)).toEqual(['xxxxx']);
    expect(request.bodyUsed).toBe(true);
  });

  test('of a Request beyond the cap is let go when fetch has had enough of it', async () => {
    const cancel = vi.fn<(reason: unknown) => void>();
    const body = new ReadableStream({ pull: (it) => it.enqueue(new Uint8Array(9)), cancel });
    const f = fetching({ maxBufferedBody: 8, fetch: earlyAnswer });
    const response = await f(new Request('http://shop/', streamed('PUT', body)));
    expect(await response.text()).toBe('enough');
    expect(cancel).toHaveBeenCalledOnce();
  });

  test('of a Request beyond the cap may be read beyond an attempt’s time', async () => {
    const runtime = testRuntime();
    const server = await serve((response) => response.end());
    let more: (() => void) | null = null;
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(4));
        more = () => {
          controller.enqueue(new Uint8Array(4));
          controller.close();
        };
      },
    });
    const f = fetching({ maxBufferedBody: 4 }, {}, runtime);
    const answer = f(new Request(server.url, streamed('PUT', body)));
    await runtime.clock.advanceAsync(5000);
    expect(runtime.sink.of('timeout.expired')).toHaveLength(1);
    more!();
    expect((await answer).status).toBe(200);
    expect(server.seen.map((seen) => seen.body.length)).toEqual([8]);
  });

  test('of a Request is used up, as fetch leaves it', async () => {
    const server = await serve((response) => response.end());
    const request = new Request(server.url, { method: 'PUT', body: 'text' });
    await fetching()(request);
    expect(request.bodyUsed).toBe(true);
    await expect(fetching()(request)).rejects.toThrow('has been used');
    expect(server.seen).toHaveLength(1);
  });

  test('is let go when a fallback answers in its stead', async () => {
    const cancel = vi.fn<(reason: unknown) => void>();
    const f = fetching(
      { maxBufferedBody: 8, fetch: () => Promise.reject(new TypeError('fetch failed')) },
      { fallback: { value: new Response('instead') } },
    );
    const endless = (): RequestInit =>
      streamed(
        'PUT',
        new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(9)), cancel }),
      );
    expect(await (await f('http://shop/', endless())).text()).toBe('instead');
    await until('the stream is cancelled', () => cancel.mock.calls.length === 1);
    expect(await (await f(new Request('http://shop/', endless()))).text()).toBe('instead');
    await until('that of the Request is, too', () => cancel.mock.calls.length === 2);
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

  test.each(['a stream', 'a Request'])(
    'is let go when the caller aborts while it is being kept: %s',
    async (kind) => {
      const cancel = vi.fn<() => void>();
      const body = new ReadableStream({ pull: () => new Promise(() => {}), cancel });
      const controller = new AbortController();
      const url = 'http://127.0.0.1:1/';
      const init = streamed('PUT', body, { signal: controller.signal });
      const f = fetching();
      const answer = kind === 'a stream' ? f(url, init) : f(new Request(url, init));
      await sleep(5);
      controller.abort('enough');
      await expect(answer).rejects.toBe('enough');
      await until('it is cancelled', () => cancel.mock.calls.length === 1);
    },
  );
});
