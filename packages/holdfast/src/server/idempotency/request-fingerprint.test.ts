import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from './http-idempotency.ts';
import { contentDigestOf, type KnownBody, requestFingerprint } from './request-fingerprint.ts';

const bytes = (text: string): KnownBody => ({ kind: 'bytes', bytes: Buffer.from(text) });

function request(about: Partial<HttpRequest> = {}, type = 'application/json'): HttpRequest {
  return {
    method: 'POST',
    route: '/pay/:id',
    url: '/pay/7',
    headers: { 'content-type': type, 'api-version': '1' },
    body: () => ({ kind: 'none' }),
    source: null,
    ...about,
  };
}

const of = (body: KnownBody, about?: Partial<HttpRequest>, type?: string) =>
  requestFingerprint(request(about, type), ['api-version'], body);

/** Whether white space does not matter. */
const same = (type: string) => of(bytes('[1]'), {}, type) === of(bytes('[ 1 ]'), {}, type);

describe('requestFingerprint', () => {
  it('is the same for JSON in any order of keys and with any white space, raw or parsed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const spaced = of(bytes(JSON.stringify(value, null, '\t')));
        expect(spaced).toBe(of(bytes(JSON.stringify(value))));
        expect(spaced).toBe(of({ kind: 'parsed', value: JSON.parse(JSON.stringify(value)) }));
      }),
    );
    expect(of(bytes('{"a": 1, "b": 2}'))).toBe(of(bytes('{"b":2,"a":1.0}')));
    // The last of two equal keys is the one that handlers see.
    expect(of(bytes('{"a": 1, "a": 2}'))).toBe(of(bytes('{"a":2}')));
  });

  it.each([
    ['raw', bytes('"12345678"'), {}],
    ['parsed, of unknown length', { kind: 'parsed', value: '1234567890' }, {}],
    ['parsed into more', { kind: 'parsed', value: { a: '12' } }, {}],
    ['a parsed Buffer', { kind: 'parsed', value: Buffer.alloc(10) }, { 'content-length': '1' }],
    [
      'inflated',
      { kind: 'parsed', value: { a: '12' } },
      { 'content-length': '5', 'content-encoding': 'gzip' },
    ],
  ] as const)('is of a body of at most so many bytes: %s', (_what, body, headers) => {
    const asked = request({ headers });
    expect(requestFingerprint(asked, [], body, 9)).toBe(null);
    expect(requestFingerprint(asked, [], body, 10)).toMatch(/^[\w-]{43}$/);
  });

  it.each(['form-data', 'mixed', 'related'])(
    'is the same for multipart/%s with any boundary, and another for other parts',
    (kind) => {
      const sent = (boundary: string, amount: number) => {
        const body = `--${boundary}\r\nContent-Type: text/plain\r\n\r\n${amount}\r\n--${boundary}--`;
        return of(bytes(body), {}, `multipart/${kind}; boundary=${boundary}`);
      };
      expect(sent('one', 5)).toBe(sent('another', 5));
      expect(sent('one', 5)).not.toBe(sent('one', 6));
    },
  );

  it('believes the head of a request about how long a parsed body was', () => {
    const asked = request({ headers: { 'content-length': '4' } });
    expect(requestFingerprint(asked, [], { kind: 'parsed', value: [1e20] }, 10)).not.toBe(null);
  });

  it('is of what is selected of a JSON body, raw or parsed, and leaves the body as it was', () => {
    const value = { amount: 5, sentAt: 1 };
    const first = byAmount({ kind: 'parsed', value });
    expect(value).toEqual({ amount: 5, sentAt: 1 });
    expect(byAmount(bytes('{"amount":5,"sentAt":2}'))).toBe(first);
    expect(byAmount(bytes('{"amount":6,"sentAt":1}'))).not.toBe(first);
    const text = (body: string) => byAmount(bytes(body), 'text/plain');
    expect(text('{"amount":5,"sentAt":2}')).not.toBe(text('{"amount":5,"sentAt":1}'));
  });

  it('takes a parsed Buffer for the bytes that it is', () => {
    const value = Buffer.from('{"b": 1, "a": 2}');
    expect(of({ kind: 'parsed', value })).toBe(of(bytes('{"a":2,"b":1}')));
  });

  it.each<[string, Partial<HttpRequest>]>([
    ['method', { method: 'PATCH' }],
    ['route', { route: '/refund/:id' }],
    ['path', { url: '/pay/8' }],
    ['query', { url: '/pay/7?currency=EUR' }],
    ['header that counts', { headers: { 'content-type': 'application/json', 'api-version': '2' } }],
    ['header that counts, missing', { headers: { 'content-type': 'application/json' } }],
    ['content type', { headers: { 'content-type': 'text/plain', 'api-version': '1' } }],
  ])('is another for another %s', (_what, about) => {
    expect(of(bytes('{}'), about)).not.toBe(of(bytes('{}')));
  });

  it('does not count other headers, nor how the content type is written', () => {
    const headers = {
      'api-version': '1',
      'user-agent': 'x',
      'content-type': 'Application/JSON; charset=utf-8',
    };
    expect(of(bytes('{}'), { headers })).toBe(of(bytes('{}')));
    const other = { ...headers, 'content-type': 'application/json; profile=b' };
    expect(of(bytes('{}'), { headers: other })).not.toBe(of(bytes('{}')));
  });

  it('takes what is no JSON byte by byte, whatever it claims', () => {
    expect(of(bytes('{"a":1'))).not.toBe(of(bytes('{"a": 1')));
    const notUtf8: KnownBody = { kind: 'bytes', bytes: Uint8Array.of(0x22, 0xff, 0x22) };
    const replaced = of(bytes('"\ufffd"'));
    expect(of(notUtf8)).not.toBe(replaced);
    expect(of(bytes('a=1&b=2'), {}, 'application/x-www-form-urlencoded')).not.toBe(
      of(bytes('b=2&a=1'), {}, 'application/x-www-form-urlencoded'),
    );
  });

  it('takes JSON that is nested too deeply byte by byte, and refuses it parsed', () => {
    const deep = '['.repeat(200) + ']'.repeat(200);
    expect(of(bytes(deep))).not.toBe(of(bytes(` ${deep}`)));
    expect(() => of({ kind: 'parsed', value: JSON.parse(deep) as unknown })).toThrow(TypeError);
  });

  it('knows suffixes of JSON, but not what only looks like it', () => {
    expect(same('application/merge-patch+json')).toBe(true);
    expect(same('application/jsonx')).toBe(false);
    expect(same('text/plain')).toBe(false);
  });

  it('tells no body, an empty object and null apart', () => {
    const forms = [
      bytes(''),
      bytes('{}'),
      bytes('null'),
      bytes('"none"'),
      { kind: 'digest', digest: '' } as const,
    ];
    expect(new Set(forms.map((body) => of(body))).size).toBe(forms.length);
    expect(of(bytes(''))).toBe(of({ kind: 'none' }));
    expect(of({ kind: 'parsed', value: undefined })).toBe(of({ kind: 'none' }));
  });
});

describe('contentDigestOf', () => {
  it('finds SHA-256 and SHA-512, and nothing weaker', () => {
    const digestOf = (header: string) =>
      contentDigestOf(request({ headers: { 'content-digest': header } }));
    expect(digestOf('sha-256=:aGFzaA==:')).toBe('sha-256=:aGFzaA==:');
    expect(digestOf('md5=:aGFzaA==:, sha-512=:aGFzaA==:')).toBe('sha-512=:aGFzaA==:');
    expect(digestOf('md5=:aGFzaA==:')).toBeUndefined();
    expect(digestOf('sha-256=aGFzaA==')).toBeUndefined();
    expect(contentDigestOf(request())).toBeUndefined();
  });
});

/** Of a body that counts by its amount. */
function byAmount(body: KnownBody, type?: string): string | null {
  return requestFingerprint(request({}, type), [], body, Infinity, takeAmount);
}

/** Changes what it is given, as selectors should not. */
function takeAmount(body: unknown): unknown {
  const { amount } = body as { amount: number };
  delete (body as { amount?: number }).amount;
  return { amount };
}
