import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerHead } from './http-idempotency.ts';
import { decodeAnswer, encodeAnswer, encodeFound, encodeUnkept } from './kept-answer.ts';

const headers = [['Content-Type', 'text/plain']] as const;

/** An answer, with its body as text. */
function read(result: string) {
  const kept = decodeAnswer(result);
  if (kept.kind !== 'answer') return kept;
  const { status, headers: names, body } = kept.answer;
  return { status, headers: names, body: Buffer.from(body).toString() };
}

describe('a kept answer', () => {
  it('comes back byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, isText) => {
        const body = isText ? Buffer.from(Buffer.from(bytes).toString()) : bytes;
        const kept = decodeAnswer(encodeAnswer({ status: 201, headers, body }));
        expect(kept).toMatchObject({ kind: 'answer', answer: { status: 201, headers } });
        const back = kept.kind === 'answer' ? kept.answer.body : [];
        expect(Buffer.from(back)).toEqual(Buffer.from(body));
      }),
    );
  });

  it('keeps a byte order mark', () => {
    const body = Buffer.from('\ufeffa');
    expect(read(encodeAnswer({ status: 200, headers, body }))).toMatchObject({ body: '\ufeffa' });
  });

  it('is text where it can be', () => {
    expect(encodeAnswer({ status: 200, headers: [], body: Buffer.from('né') })).toBe(
      '{"v":1,"status":200,"headers":[],"text":"né"}',
    );
  });

  it('can be that there was one', () => {
    const all = [...headers, ['location', '/1']] as const;
    expect(decodeAnswer(encodeUnkept({ status: 201, headers: all }))).toEqual({
      kind: 'unkept',
      status: 201,
      headers: [['location', '/1']],
    });
  });

  it.each(['{"v":2,"status":200}', 'v1 {}', '', 'null', '[]', '7'])(
    'is unreadable of another version or form: %s',
    (result) => {
      expect(decodeAnswer(result)).toEqual({ kind: 'unreadable' });
    },
  );
});

describe('what reconcile has found', () => {
  it('is an answer, of JSON by default', () => {
    const found = { status: 201, headers: { 'X-A': 'b' }, body: { id: 1 } };
    const json = ['Content-Type', 'application/json'];
    expect(read(encodeFound(found))).toEqual({
      status: 201,
      headers: [['X-A', 'b'], json],
      body: '{"id":1}',
    });
    const typed = { status: 201, headers: { 'content-type': 'text/csv' }, body: 'a,b' };
    expect(read(encodeFound(typed))).toEqual({
      status: 201,
      headers: [['content-type', 'text/csv']],
      body: 'a,b',
    });
    const named = { status: 200, headers: { 'content-type': 'application/x+json' }, body: [1] };
    expect(read(encodeFound(named))).toMatchObject({
      headers: [['content-type', 'application/x+json']],
      body: '[1]',
    });
    expect(read(encodeFound({ status: 204 }))).toEqual({ status: 204, headers: [], body: '' });
    const bytes = { body: Uint8Array.of(104, 105) };
    expect(read(encodeFound(bytes))).toEqual({ status: 200, headers: [], body: 'hi' });
  });

  it('has no headers that no replay may carry, such as those of another connection', () => {
    const given = {
      'Content-Length': 3,
      'transfer-encoding': 'chunked',
      'Set-Cookie': 'a=1',
      'X-A': 'b',
    };
    expect(read(encodeFound({ headers: given, body: 'done' }))).toEqual({
      status: 200,
      headers: [['X-A', 'b']],
      body: 'done',
    });
  });

  it('has no headers of which nothing is said', () => {
    const given = { Location: undefined, Link: null, 'X-A': 'b' };
    expect(read(encodeFound({ headers: given, body: 'done' }))).toMatchObject({
      headers: [['X-A', 'b']],
    });
  });

  it.each([
    ['Content-Disposition', 'attachment; filename="żółć.pdf"'],
    ['X-A', 'a\r\nSet-Cookie: b=1'],
    ['X A', 'b'],
    ['', 'b'],
  ])('cannot have a header that Node would refuse to send: %j', (name, value) => {
    expect(() => encodeFound({ headers: { [name]: value }, body: 'done' })).toThrow(
      `the header ${JSON.stringify(name)} cannot be sent`,
    );
  });

  it('may have every header that Node would send', () => {
    const given = { "!#$%&'*+-.^_`|~0aZ": '', 'X-A': '\t ~\x80ÿ' };
    expect(read(encodeFound({ headers: given, body: 'done' }))).toMatchObject({
      headers: Object.entries(given),
    });
    for (const [name, value] of Object.entries(given)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
  });

  it.each([
    ['of fetch', new Headers({ location: '/1', 'content-length': '7' })],
    ['as pairs', [['location', '/1']]],
  ])('may have headers %s', (_what, given) => {
    expect(read(encodeFound({ status: 201, headers: given, body: 'done' }))).toEqual({
      status: 201,
      headers: [['location', '/1']],
      body: 'done',
    });
  });

  it.each([[['Location', '/1']], [[7]]])('cannot have a list as headers: %j', (given) => {
    const message = 'headers must be an object, or pairs of a name and a value';
    expect(() => encodeFound({ headers: given, body: 'done' })).toThrow(new TypeError(message));
  });

  it.each([204, 205, 304])('has no body where its status has none: %i', (status) => {
    for (const body of ['done', { id: 1 }, Uint8Array.of(1)]) {
      expect(read(encodeFound({ status, body }))).toEqual({ status, headers: [], body: '' });
    }
  });

  it('says no encoding of a body that is written here', () => {
    const given = { 'Content-Encoding': 'gzip' };
    for (const body of ['done', { id: 1 }]) {
      const { headers: sent } = read(encodeFound({ headers: given, body })) as AnswerHead;
      expect(sent).not.toContainEqual(['Content-Encoding', 'gzip']);
    }
    const bytes = { headers: given, body: Uint8Array.of(1) };
    expect(read(encodeFound(bytes))).toMatchObject({ headers: Object.entries(given) });
  });

  it.each([
    [Promise.resolve(1), 'a promise'],
    [new Map([['id', 1]]), 'an instance of Map'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer'],
    [() => 1, 'a function'],
  ])('cannot have a body that JSON says nothing of: %o', (body, given) => {
    const message = `the body of an answer must be text, bytes or JSON, got ${given}`;
    for (const found of [body, { status: 201, body }]) {
      expect(() => encodeFound(found)).toThrow(new TypeError(message));
    }
  });

  it('cannot have a body that is no JSON', () => {
    expect(() => encodeFound({ body: 1n })).toThrow(
      /^the body of an answer must be JSON: .*BigInt/,
    );
  });

  it('may have an empty body of JSON', () => {
    for (const body of [{}, Object.create(null) as object, new Date(0), []]) {
      expect(read(encodeFound({ body }))).toMatchObject({ body: JSON.stringify(body) });
    }
  });

  it('is the body of a 200, as it is, where it is text or bytes', () => {
    for (const found of ['hi', Uint8Array.of(104, 105)]) {
      expect(read(encodeFound(found))).toEqual({ status: 200, headers: [], body: 'hi' });
    }
  });

  it('is the body of a 200 where it is anything else', () => {
    const json = [['Content-Type', 'application/json']];
    for (const found of [
      { id: 1 },
      [1],
      7,
      null,
      { status: 'paid' },
      { status: 201, id: 1 },
      { status: 700 },
    ]) {
      expect(read(encodeFound(found))).toEqual({
        status: 200,
        headers: json,
        body: JSON.stringify(found),
      });
    }
    expect(read(encodeFound(undefined))).toEqual({ status: 200, headers: [], body: '' });
  });
});
