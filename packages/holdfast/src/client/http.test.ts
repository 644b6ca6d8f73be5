import { describe, expect, test, vi } from 'vitest';
import { TestClock } from '../testing/test-clock.ts';
import { discardAnswer, httpClassifier, httpClassifierOf } from './http.ts';

const answered = (status: number, headers: Record<string, string> = {}): unknown =>
  httpClassifier({ ok: true, value: { status, headers: new Headers(headers) } });
const byMap = (status: number, headers: Record<string, string>): unknown =>
  httpClassifier({ ok: true, value: { status, headers: new Map(Object.entries(headers)) } });
const failed = (error: unknown): unknown => httpClassifier({ ok: false, error });

/** An error as undici's fetch rejects with: a TypeError with the real one as its cause. */
const fetchFailed = (cause: unknown): TypeError => new TypeError('fetch failed', { cause });
const coded = (code: string, more: object = {}): Error =>
  Object.assign(new Error(code), { code, ...more });

const failedInDeno = (message: string): unknown =>
  failed(fetchFailed(new Error(`error sending request for url (https://x/): ${message}`)));

const verdictOf = (judged: unknown): unknown =>
  typeof judged === 'string' ? judged : (judged as { verdict: unknown }).verdict;

describe('an answer', () => {
  test.each([
    [200, 'success'],
    [204, 'success'],
    [302, 'success'],
    [304, 'success'],
    [400, 'terminal'],
    [401, 'terminal'],
    [404, 'terminal'],
    [408, 'transient'],
    [409, 'terminal'],
    [425, 'transient'],
    [429, 'overload'],
    [500, 'transient'],
    [501, 'terminal'],
    [502, 'transient'],
    [503, 'transient'],
    [504, 'transient'],
    [505, 'terminal'],
    [507, 'transient'],
    [599, 'transient'],
  ])('of status %i is %s', (status, verdict) => expect(verdictOf(answered(status))).toBe(verdict));

  test.each([
    ['a body as response.json() gives it', { total: 990 }, 'an object without a status'],
    ["a mock's", { ok: true, json: () => ({ total: 990 }) }, 'an object without a status'],
    ["a mock's failure", { status: 500 }, 'an object of status 500 without headers.get()'],
    ["a body's text", 'paid by card 4242', 'string'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    [
      'headers that are a plain object',
      { status: 503, headers: { a: 'b' } },
      'an object of status 503 without headers.get()',
    ],
    ['a body with a status of its own', { status: 'paid' }, 'an object without a status'],
  ])('is no answer when it is %s, and what to do is said', (_, value, got) => {
    expect(() => httpClassifier({ ok: true, value: value as never })).toThrow(
      new TypeError(
        `protocol 'http' judges answers by status and headers, as fetch gives them, got ${got}: answer both beside what was read of the body, or give classify`,
      ),
    );
  });

  test('may have its headers in a Map, which answers undefined for what is missing', () => {
    expect([200, 404, 503].map((status) => verdictOf(byMap(status, {})))).toEqual([
      'success',
      'terminal',
      'transient',
    ]);
    const hint = { 'retry-after': '7' };
    expect(byMap(503, hint)).toEqual(answered(503, hint));
    const told = { 'holdfast-pushback': 'retry=no, after=1500' };
    expect(byMap(503, told)).toEqual(answered(503, told));
  });

  test('429 is our own quota, with its hint', () => {
    expect(answered(429, { 'retry-after': '7' })).toEqual({
      verdict: 'overload',
      quota: true,
      retryAfter: 7000,
    });
    expect(answered(429)).toEqual({ verdict: 'overload', quota: true });
  });

  test('409 with Retry-After is our own request in progress: overload that says nothing of the server', () => {
    const judged = { verdict: 'overload', quota: true, retryAfter: 2000 };
    expect(answered(409, { 'retry-after': '2' })).toEqual(judged);
    expect(answered(409, { 'holdfast-pushback': 'after=2000' })).toEqual(judged);
  });

  test.each([{ 'retry-after': 'later' }, { 'holdfast-pushback': 'level=sheddable' }])(
    '409 that does not say when to come back is terminal: %j',
    (headers) => expect(answered(409, headers)).toEqual({ verdict: 'terminal' }),
  );

  test('503 with Retry-After is overload', () => {
    expect(answered(503, { 'retry-after': '2' })).toEqual({
      verdict: 'overload',
      retryAfter: 2000,
    });
  });

  test('503 with a pushback is overload, even if it says nothing that is known', () => {
    expect(answered(503, { 'holdfast-pushback': 'level=sheddable' })).toEqual({
      verdict: 'overload',
    });
  });

  test('503 with a Retry-After that is none is transient', () => {
    expect(answered(503, { 'retry-after': 'later' })).toEqual({ verdict: 'transient' });
  });

  test('may forbid a further attempt by a pushback, and say how many milliseconds to wait', () => {
    const headers = { 'holdfast-pushback': 'retry=no, after=1500' };
    expect(answered(503, headers)).toEqual({ verdict: 'overload', retry: false, retryAfter: 1500 });
    expect(answered(500, headers)).toEqual({
      verdict: 'transient',
      retry: false,
      retryAfter: 1500,
    });
  });

  test('that gives two hints means the longer', () => {
    const headers = { 'holdfast-pushback': 'after=1500', 'retry-after': '2' };
    expect(answered(503, headers)).toMatchObject({ retryAfter: 2000 });
  });

  test('that gives a date means it by its own clock, whatever ours says', () => {
    const headers = {
      date: 'Sun, 06 Nov 1994 08:49:37 GMT',
      'retry-after': 'Sun, 06 Nov 1994 08:49:47 GMT',
    };
    expect(answered(503, headers)).toMatchObject({ retryAfter: 10_000 });
  });

  test('that gives a date but not its own is read by the clock handed in', () => {
    const classify = httpClassifierOf(new TestClock(0, Date.UTC(1994, 10, 6, 8, 49, 0)));
    const headers = new Headers({ 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' });
    expect(classify({ ok: true, value: { status: 503, headers } })).toMatchObject({
      retryAfter: 37_000,
    });
  });
});

describe('an error', () => {
  test.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
    'ConnectionRefused',
  ])('%s was never sent', (code) => {
    expect(failed(fetchFailed(coded(code)))).toEqual({ verdict: 'transient', neverSent: true });
    expect(failed(coded(code))).toEqual({ verdict: 'transient', neverSent: true });
  });

  test('of any code, while connecting, means that nothing was sent', () => {
    const error = fetchFailed(coded('ETIMEDOUT', { syscall: 'connect' }));
    expect(failed(error)).toEqual({ verdict: 'transient', neverSent: true });
  });

  test('of an unreachable host on an open connection may have been sent', () => {
    expect(failed(fetchFailed(coded('EHOSTUNREACH', { syscall: 'read' })))).not.toMatchObject({
      neverSent: true,
    });
  });

  test.each([
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'UND_ERR_SOCKET',
    'ECONNABORTED',
    'HPE_INVALID_CONSTANT',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ConnectionClosed',
  ])('%s is transient, and may have been sent', (code) =>
    expect(failed(fetchFailed(coded(code)))).toBe('transient'),
  );

  test.each(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])('%s is a timeout', (code) =>
    expect(failed(fetchFailed(coded(code)))).toBe('timeout'),
  );

  test.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'EPROTO',
    'ERR_INVALID_URL',
    'UND_ERR_INVALID_ARG',
  ])('%s would come again: terminal', (code) =>
    expect(failed(fetchFailed(coded(code)))).toBe('terminal'),
  );

  test('of several addresses was never sent only if none was', () => {
    const refused = coded('ECONNREFUSED', { syscall: 'connect' });
    const both = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' });
    expect(failed(fetchFailed(both))).toEqual({ verdict: 'transient', neverSent: true });
    const mixed = Object.assign(new AggregateError([refused, coded('ECONNRESET')]), {
      code: 'ECONNREFUSED',
    });
    expect(failed(fetchFailed(mixed))).toBe('transient');
  });

  test.each([
    'fetch failed',
    'terminated',
    'Failed to fetch',
    'NetworkError when attempting to fetch resource.',
    'Load failed',
    'Network request failed',
    'The network connection was lost.',
    'The socket connection was closed unexpectedly. For more information, pass `verbose: true`',
    'error sending request for url (http://x/): connection closed',
  ])('of a runtime that has no codes is transient: %s', (message) =>
    expect(failed(new TypeError(message))).toBe('transient'),
  );

  test('of Deno or Bun that could not connect was never sent', () => {
    const deno =
      'error sending request for url (http://127.0.0.1:1/): client error (Connect): tcp connect error: Connection refused (os error 111)';
    const bun = 'Unable to connect. Is the computer able to access the url?';
    for (const message of [deno, bun]) {
      expect(failed(new TypeError(message))).toEqual({ verdict: 'transient', neverSent: true });
    }
  });

  describe('of Deno, which tells by the cause', () => {
    test.each([
      'client error (Connect): tcp connect error: Connection refused (os error 111)',
      'client error (Connect): dns error: failed to lookup address information: Name or service not known',
    ])('was never sent: %s', (message) =>
      expect(failedInDeno(message)).toEqual({ verdict: 'transient', neverSent: true }),
    );

    test('may have been sent, or broke off', () => {
      const message = 'client error (SendRequest): connection closed before message completed';
      expect(failedInDeno(message)).toBe('transient');
      expect(failed(new TypeError('error reading a body from connection'))).toBe('transient');
    });

    test.each([
      'client error (Connect): invalid peer certificate: UnknownIssuer',
      'client error (Connect): received corrupt message of type InvalidContentType',
    ])('would come again: %s', (message) => expect(failedInDeno(message)).toBe('terminal'));
  });

  test('of what is no HTTP is transient, with a code or without', () => {
    const message = 'Response does not match the HTTP/1.1 protocol (Expected HTTP/)';
    const error = Object.assign(new Error(message), { name: 'HTTPParserError' });
    expect(failed(fetchFailed(error))).toBe('transient');
  });

  test.each([
    [503, 'transient'],
    [502, 'transient'],
    [429, 'transient'],
    [403, 'terminal'],
    [407, 'terminal'],
  ])('of a proxy that refuses to connect, with %i, is %s', (status, verdict) => {
    const refused = Object.assign(
      new Error(`Proxy response (${status}) !== 200 when HTTP Tunneling`),
      { name: 'AbortError', code: 'UND_ERR_ABORTED' },
    );
    const cancelled = new DOMException('Request was cancelled.', { cause: refused });
    expect(failed(fetchFailed(cancelled))).toBe(verdict);
    expect(failed(refused)).toBe(verdict);
  });

  test('AbortError of the operation is ignored, TimeoutError a timeout', () => {
    expect(failed(new DOMException('stop', 'AbortError'))).toBe('ignored');
    expect(failed(new DOMException('late', 'TimeoutError'))).toBe('timeout');
  });

  test.each([
    new TypeError('x is not a function'),
    new RangeError('out of range'),
    coded('EUNKNOWN'),
    new TypeError('fetch failed', { cause: new Error('unexpected redirect') }),
    'a string',
    undefined,
    null,
  ])('of a program is terminal: %s', (error) => expect(failed(error)).toBe('terminal'));

  test('that is its own cause does not search for ever', () => {
    const error: { cause?: unknown } = new TypeError('odd');
    error.cause = error;
    expect(failed(error)).toBe('terminal');
  });
});

describe('an answer that is discarded', () => {
  test('has its body cancelled', () => {
    const cancel = vi.fn<() => Promise<void>>(() => Promise.resolve());
    discardAnswer(new Response(new ReadableStream({ cancel })));
    expect(cancel).toHaveBeenCalledOnce();
  });

  test('may have none, may be anything, may be read by somebody, may fail to cancel', async () => {
    for (const answer of [new Response(null), {}, null, undefined, 5, { body: 'text' }]) {
      expect(() => discardAnswer(answer)).not.toThrow();
    }
    const read = new Response('text');
    const reader = read.body!.getReader();
    discardAnswer(read);
    expect((await reader.read()).value).toHaveLength(4);
    discardAnswer(
      new Response(new ReadableStream({ cancel: () => Promise.reject(new Error('no')) })),
    );
  });
});
