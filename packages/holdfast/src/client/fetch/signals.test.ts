import { describe, expect, test, vi } from 'vitest';
import { eager, fetching } from '../../../test/fetching.ts';
import { serve, until } from '../../../test/serve.ts';
import { isHoldfastError } from '../../core/errors.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { resilientFetch } from './index.ts';

describe('the attempt’s signal', () => {
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

  test('has no say once the headers are there: the winner’s body outlives timeout and deadline', async () => {
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

describe('the caller’s signal', () => {
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

  test('is told to a reader that waits for the end without reading on', async () => {
    const server = await serve((response) => void response.write('some'));
    const controller = new AbortController();
    const response = await fetching()(server.url, { signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    controller.abort('enough');
    await expect(reader.closed).rejects.toBe('enough');
  });

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
