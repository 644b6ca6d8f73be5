import { describe, expect, test, vi } from 'vitest';
import { eager, fetching } from '../../../test/fetching.ts';
import { serve, until } from '../../../test/serve.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { resilientFetch } from './index.ts';

describe('Holdfast-Context', () => {
  test('goes to the hosts that are named, with what is so at each attempt', async () => {
    const runtime = testRuntime();
    const server = await serve((response, nth) => response.writeHead(nth < 2 ? 500 : 200).end());
    const retry = {
      backoff: { kind: 'constant', base: 1000, jitter: 'none' },
      budget: false,
    } as const;
    const f = resilientFetch(eager({ retry, timeout: '19.5s' }, runtime), {
      contextHosts: [`127.0.0.1:${server.port}`],
      criticality: 'sheddable',
    });
    const answer = f(server.url, { headers: { a: '1' } });
    await until('a retry is planned', () => runtime.sink.of('retry.scheduled').length === 1);
    await runtime.clock.advanceAsync(1000);
    await answer;
    expect(server.seen.map(({ headers }) => headers['holdfast-context'])).toEqual([
      // Nobody waits for the first any longer than its timeout, nor for the second than the call.
      'deadline=19500, attempt=1, criticality=sheddable',
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

  test('goes to any port of the host, with a Request and a URL, and replaces no header of the caller', async () => {
    const server = await serve((response) => response.end());
    const endless = { deadline: false, timeout: false } as const;
    const f = fetching({ contextHosts: ['127.0.0.1'] }, endless);
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

  test.each([
    ['shop.internal:443', 'https://shop.internal/'],
    ['shop.internal:80', 'http://shop.internal/'],
    ['Shop.Internal', 'https://shop.internal:8443/'],
    ['bücher.example', 'https://xn--bcher-kva.example/'],
    ['[::1]:81', 'http://[::1]:81/'],
    ['[0:0::1]', 'http://[::1]/'],
  ])('goes to %s, however a URL spells it: %s', async (host, url) => {
    const send = vi.fn<typeof fetch>(async () => new Response());
    await fetching({ contextHosts: [host], fetch: send })(url);
    const headers = new Headers(send.mock.lastCall![1]!.headers);
    expect(headers.get('Holdfast-Context')).toContain('attempt=1');
  });

  test.each([
    ['shop.internal:443', 'http://shop.internal/'],
    ['shop.internal:80', 'https://shop.internal/'],
    ['shop.internal', 'https://evil.example/?shop.internal'],
    ['shop.internal', 'https://shop.internal.evil.example/'],
    ['shop.internal', 'https://shop.internal@evil.example/'],
  ])('is not for %s at %s', async (host, url) => {
    const send = vi.fn<typeof fetch>(async () => new Response());
    await fetching({ contextHosts: [host], fetch: send })(url);
    expect(send.mock.lastCall![1]!.headers).toBe(undefined);
  });
});
