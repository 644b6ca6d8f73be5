import { describe, expect, test } from 'vitest';
import { dependency, httpClassifier } from '../index.ts';

const failed = (error: unknown): unknown => httpClassifier({ ok: false, error });
const error = (more: object): Error => Object.assign(new Error('it failed'), more);

/** As its `get` of a header may be asked for what is a number or a list, too. */
class AxiosLikeHeaders {
  readonly [name: string]: unknown;

  constructor(headers: object) {
    Object.assign(this, headers);
  }

  get(name: string): unknown {
    return this[name];
  }
}

/** What clients throw for a status, with what it says and when to come back. */
const THROWN: Record<string, (status: number, headers: Record<string, string>) => unknown> = {
  axios: (status, headers) =>
    error({
      name: 'AxiosError',
      code: status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE',
      status,
      response: { status, headers: new AxiosLikeHeaders(headers) },
    }),
  got: (statusCode, headers) =>
    error({ code: 'ERR_NON_2XX_3XX_RESPONSE', response: { statusCode, headers } }),
  ky: (status, headers) => error({ response: new Response(null, { status, headers }) }),
  superagent: (status, headers) => error({ status, response: { status, headers } }),
  Octokit: (status, headers) => error({ status, response: { status, headers, data: {} } }),
  undici: (statusCode, headers) => error({ code: 'UND_ERR_RESPONSE', statusCode, headers }),
  'an SDK with Headers': (status, headers) => error({ status, headers: new Headers(headers) }),
  'an SDK with an object': (statusCode, headers) => error({ statusCode, headers }),
};

describe.each(Object.entries(THROWN))('an error of %s', (_, thrown) => {
  test.each([[400], [404], [408], [409], [425], [429], [500], [501], [502], [503], [504], [599]])(
    'for status %i means what that answer means',
    (status) => {
      for (const headers of [{}, { 'retry-after': '2' }, { 'holdfast-pushback': 'retry=no' }]) {
        const value = new Response(null, { status, headers });
        expect(failed(thrown(status, headers))).toEqual(httpClassifier({ ok: true, value }));
      }
    },
  );
});

describe('an error', () => {
  test('may have its headers in any case, as a list or a number, and none at all', () => {
    const judged = { verdict: 'overload', retryAfter: 2000 };
    for (const headers of [
      { 'Retry-After': '2' },
      { 'retry-after': ['2', '3'] },
      { 'retry-after': 2 },
      new AxiosLikeHeaders({ 'retry-after': 2 }),
      new Map([['retry-after', '2']]),
    ]) {
      expect(failed(error({ response: { status: 503, headers } }))).toEqual(judged);
    }
    for (const headers of [undefined, null, 'text', new AxiosLikeHeaders({})]) {
      expect(failed(error({ response: { status: 503, headers } }))).toEqual({
        verdict: 'transient',
      });
    }
  });

  test.each([
    ['whose answer was good', { code: 'ERR_BAD_RESPONSE', response: { status: 200 } }, 'terminal'],
    ['whose good answer broke off', { code: 'ECONNRESET', response: { status: 200 } }, 'transient'],
    ['that has no answer', { code: 'ECONNRESET', response: undefined }, 'transient'],
    ['that has a status of another kind', { status: 'failed', response: 'none' }, 'terminal'],
    ['that has a status of no answer', { status: 7, statusCode: 1000 }, 'terminal'],
  ])('%s is judged by what went wrong', (_, more, verdict) =>
    expect(failed(error(more))).toBe(verdict),
  );

  test.each([
    [
      'refused',
      Object.assign(new TypeError('fetch failed'), { cause: error({ code: 'ECONNREFUSED' }) }),
      { verdict: 'transient', neverSent: true },
    ],
    [
      'cut',
      Object.assign(new TypeError('terminated'), { cause: error({ code: 'UND_ERR_SOCKET' }) }),
      'transient',
    ],
    ['too slow', new DOMException('too slow', 'TimeoutError'), 'timeout'],
  ])(
    'of Octokit for a connection that was %s has no answer, though a status of 500',
    (_, cause, judged) =>
      expect(failed(error({ name: 'HttpError', status: 500, cause }))).toEqual(judged),
  );

  test('that Octokit marks with a status of 500 is an abort all the same', () =>
    expect(failed(Object.assign(new DOMException('stop', 'AbortError'), { status: 500 }))).toBe(
      'ignored',
    ));

  test('with a status is judged by it where its cause is no failure of the network', () =>
    expect(failed(error({ status: 503, cause: new SyntaxError('no JSON') }))).toEqual({
      verdict: 'transient',
    }));

  test.each([
    ["axios's for an answer that broke off", { message: 'stream has been aborted' }, 'transient'],
    ["got's for the same", { code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' }, 'transient'],
    ["axios's for a request that was cancelled", { name: 'CanceledError' }, 'ignored'],
  ])('%s', (_, more, verdict) => expect(failed(error(more))).toBe(verdict));

  test('of a client that throws for a status is tried again, and opens the breaker', async () => {
    const shop = dependency('shop', {
      protocol: 'http',
      retry: { backoff: { base: 0 }, budget: false },
      breaker: { minimumCalls: 6 },
    });
    let attempts = 0;
    const down = () => {
      attempts += 1;
      return Promise.reject(THROWN['axios']!(503, {}));
    };
    for (let call = 0; call < 2; call++) await shop.tryCall(down, { idempotent: true });
    expect([attempts, shop.breaker?.state]).toEqual([6, 'open']);
  });
});
