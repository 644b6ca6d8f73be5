import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eager, fetching } from '../../../test/fetching.ts';
import { serve, until } from '../../../test/serve.ts';
import { isHoldfastError } from '../../core/errors.ts';
import { metrics } from '../metrics.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { resilientFetch } from './index.ts';

/** Breaks off within the body. */
const breaking = () =>
  serve((response) => {
    response.write('some');
    setTimeout(() => response.socket!.resetAndDestroy(), 20);
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
    expect(runtime.sink.of('fetch.body-failed')).toEqual([
      { type: 'fetch.body-failed', dependency: 'shop', why: 'timeout' },
    ]);
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
});

describe('a body that breaks off', () => {
  test('rejects as with fetch', async () => {
    const { url } = await breaking();
    await expect((await fetching()(url)).text()).rejects.toThrow(new TypeError('terminated'));
  });

  test.each(['10s', false] as const)('is an event, with an idle timeout of %s', async (limit) => {
    const { sink, ...runtime } = testRuntime();
    const { url } = await breaking();
    const response = await fetching({ bodyIdleTimeout: limit }, {}, { ...runtime, sink })(url);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(sink.of('fetch.body-failed')).toEqual([
      { type: 'fetch.body-failed', dependency: 'shop', why: 'error' },
    ]);
  });

  test('is counted, by why', () => {
    const counter = metrics.find(({ from }) => from === 'fetch.body-failed');
    expect(counter).toMatchObject({ instrument: 'counter', attributes: ['dependency', 'why'] });
  });

  test('just before its caller aborts counts as the caller’s abort', async () => {
    const runtime = testRuntime();
    const broken: ((error: unknown) => void)[] = [];
    const stream = new ReadableStream({ start: (body) => void broken.push((e) => body.error(e)) });
    const f = fetching({ fetch: async () => new Response(stream) }, {}, runtime);
    const controller = new AbortController();
    const text = (await f('http://shop/', { signal: controller.signal })).text();
    broken[0]!(new Error('broken'));
    controller.abort('enough');
    await expect(text).rejects.toBe('enough');
    expect(runtime.sink.of('fetch.body-failed')).toEqual([]);
  });

  test('because its caller has had enough is no failure', async () => {
    const runtime = testRuntime();
    const { url } = await serve((response) => void response.write('some'));
    const f = fetching({}, {}, runtime);
    const controller = new AbortController();
    const text = (await f(url, { signal: controller.signal })).text();
    controller.abort('enough');
    await expect(text).rejects.toBe('enough');
    const reader = (await f(url)).body!.getReader();
    await reader.read();
    const last = reader.read();
    await reader.cancel();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(runtime.sink.of('fetch.body-failed')).toEqual([]);
  });
});
