import { describe, expect, it } from 'vitest';
import type { FakeIdempotency } from '../../../test/fake-idempotency.ts';
import { paying, setUp, told } from '../../../test/protocol.ts';
import {
  IdempotencyConflictError,
  IdempotencyMismatchError,
  IdempotencyStoreError,
} from '../../idempotency/errors.ts';
import { httpIdempotency } from './http-idempotency.ts';
import type { HttpIdempotencyOptions } from './options.ts';

const unread = () => {
  throw new Error('the body was read');
};

const tooLarge = () => ({ kind: 'too-large' }) as const;

describe('which requests take part', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('not %s by default', async (method) => {
    const { begin, engine } = setUp({ required: true });
    expect(await begin({ method, body: unread })).toEqual({ kind: 'pass' });
    expect(engine.asked).toEqual([]);
  });

  it('not one without a key, whose body is left alone', async () => {
    const { begin } = setUp();
    expect(await begin({ headers: {}, body: unread })).toEqual({ kind: 'pass' });
  });

  it('those whose methods and header the options name', async () => {
    const { begin } = setUp({ methods: ['PUT'], header: 'X-Key' });
    expect((await begin({ method: 'PUT', headers: { 'x-key': 'k' } })).kind).toBe('run');
    expect((await begin({ headers: { 'x-key': 'k' } })).kind).toBe('pass');
  });

  it('must have a key where options or route say so, the route first', async () => {
    const missing = { status: 400, code: 'idempotency-key-missing' };
    const { begin } = setUp({ required: true });
    expect(told(await begin({ headers: {} }))).toEqual(missing);
    expect((await begin({ headers: {}, options: { required: false } })).kind).toBe('pass');
    const other = setUp();
    expect(told(await other.begin({ headers: {}, options: { required: true } }))).toEqual(missing);
  });
});

describe('the order of checks', () => {
  it('is key, body, then what the engine says', async () => {
    const { begin, engine } = setUp({ minKeyLength: 3 });
    const short = { 'idempotency-key': 'ab' };
    expect(told(await begin({ headers: short, body: unread }))).toMatchObject({
      code: 'idempotency-key-malformed',
    });
    expect(told(await begin({ body: tooLarge }))).toEqual({
      status: 413,
      code: 'idempotency-body-too-large',
      detail: 'It must have at most 1048576 bytes.',
    });
    expect(engine.asked).toEqual([]);
  });

  it('finds another payload before it finds one in progress', async () => {
    const { begin, run } = setUp();
    await run();
    expect(told(await begin())).toEqual({
      status: 409,
      code: 'idempotency-in-progress',
      retryAfter: '2',
    });
    expect(told(await begin({ body: paying(6) }))).toEqual({
      status: 422,
      code: 'idempotency-key-reused',
    });
  });

  it.each([
    ['breaks off', () => Promise.reject(new Error('gone, secret'))],
    ['throws', unread],
    [
      'is nested too deeply',
      () =>
        ({
          kind: 'parsed',
          value: JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown,
        }) as const,
    ],
  ])('refuses a body that %s', async (_what, body) => {
    const { begin, engine } = setUp();
    expect(told(await begin({ body }))).toEqual({
      status: 400,
      code: 'idempotency-body-unreadable',
    });
    expect(engine.asked).toEqual([]);
    // No function of the options has failed: whoever sends such bodies would wake somebody.
    expect(engine.failures).toEqual([]);
  });
});

describe('what the engine refuses', () => {
  const name = 'charges';
  const gone = AbortSignal.abort();
  it.each([
    [
      new IdempotencyConflictError({ name, retryAfter: 1 }),
      { status: 409, code: 'idempotency-in-progress', retryAfter: '1' },
    ],
    [
      new IdempotencyConflictError({ name, why: 'outcome-unknown' }),
      { status: 409, code: 'idempotency-outcome-unknown' },
    ],
    [
      new IdempotencyConflictError({ name, why: 'not-replayable' }),
      { status: 409, code: 'idempotency-not-replayable' },
    ],
    [
      new IdempotencyConflictError({ name, why: 'unreadable-record' }),
      { status: 409, code: 'idempotency-record-unreadable' },
    ],
    [new IdempotencyMismatchError({ name }), { status: 422, code: 'idempotency-key-reused' }],
    [
      new IdempotencyStoreError({ name, cause: new Error('secret') }),
      { status: 503, code: 'idempotency-store-unavailable', retryAfter: '1' },
    ],
    [
      new IdempotencyStoreError({ name, retryAfter: 2500 }),
      { status: 503, code: 'idempotency-store-unavailable', retryAfter: '3' },
    ],
    [new Error('secret'), { status: 500, code: 'idempotency-failed' }],
    [gone.reason, { status: 409, code: 'idempotency-in-progress', retryAfter: '1' }],
  ])('is a problem: %s', async (error, problem) => {
    const { begin, engine } = setUp();
    engine.opened = { kind: 'refused', error };
    expect(told(await begin({ signal: gone }))).toEqual(problem);
  });

  it('is a problem even when it breaks its promise', async () => {
    const { engine, begin } = setUp();
    engine.open = () => Promise.reject(new Error('secret'));
    expect(told(await begin())).toEqual({ status: 500, code: 'idempotency-failed' });
  });

  it('goes on without the store where the engine does, which is told what the route says', async () => {
    const { begin, engine } = setUp({ onStoreDown: 'closed' });
    engine.opened = { kind: 'unprotected' };
    expect(await begin({ options: { onStoreDown: 'open' } })).toEqual({ kind: 'pass' });
    await begin();
    expect(engine.asked.map(({ onStoreDown }) => onStoreDown)).toEqual(['open', 'closed']);
  });
});

describe('whose key it is', () => {
  const options: HttpIdempotencyOptions = {
    multiTenant: true,
    tenant: (source) => source as string,
  };

  it('is of the tenant, the method and the route', async () => {
    const { run, engine } = setUp(options);
    await run({ source: 'a' });
    await run({ source: 'b' });
    expect(engine.asked.map(({ scope }) => scope)).toEqual([
      ['http', 'POST', '/pay', 'a'],
      ['http', 'POST', '/pay', 'b'],
    ]);
  });

  it.each([
    ['nothing', undefined],
    ['an empty name', ''],
    ['no text', Promise.resolve('a')],
  ])('cannot be told where the resolver answers %s', async (_what, source) => {
    const { begin, engine } = setUp(options);
    expect(told(await begin({ source }))).toEqual({
      status: 500,
      code: 'idempotency-tenant-missing',
    });
    expect(engine.asked).toEqual([]);
  });

  it('cannot be told where the resolver throws', async () => {
    const { begin, engine } = setUp({
      tenant: () => {
        throw new Error('secret');
      },
    });
    expect(told(await begin())).toEqual({ status: 500, code: 'idempotency-tenant-missing' });
    expect(engine.failures).toEqual([['tenant', new Error('secret')]]);
  });
});

it('cannot be told by a resolver whose promise is rejected, which goes nowhere', async () => {
  const { begin, engine } = setUp({ tenant: () => Promise.reject(new Error('secret')) as never });
  expect(told(await begin())).toEqual({ status: 500, code: 'idempotency-tenant-missing' });
  const error = new TypeError('tenant must answer a string, got a promise');
  expect(engine.failures).toEqual([['tenant', error]]);
});

describe('what of a body counts', () => {
  it('is what the options select', async () => {
    const { begin } = setUp({
      fingerprintBody: (body) => Math.sign((body as { amount: number }).amount),
    });
    expect((await begin({ body: paying(5) })).kind).toBe('run');
    expect(told(await begin({ body: paying(-5) }))).toMatchObject({
      code: 'idempotency-key-reused',
    });
    expect(told(await begin({ body: paying(6) }))).toMatchObject({
      code: 'idempotency-in-progress',
    });
  });

  it('cannot be told where the options throw', async () => {
    const { begin, engine } = setUp({
      fingerprintBody: () => {
        throw new Error('secret');
      },
    });
    expect(told(await begin())).toEqual({ status: 400, code: 'idempotency-body-unreadable' });
    expect(engine.asked).toEqual([]);
  });

  it('cannot be told by a promise, and its rejection goes nowhere', async () => {
    const { begin, engine } = setUp({ fingerprintBody: () => Promise.reject(new Error('secret')) });
    expect(told(await begin())).toEqual({ status: 400, code: 'idempotency-body-unreadable' });
    expect(engine.asked).toEqual([]);
  });
});

describe('a digest of the body', () => {
  const headers = { 'idempotency-key': 'k', 'content-digest': 'sha-256=:YQ==:' };

  it('stands for the body where it is trusted, and only there', async () => {
    const { begin } = setUp({ trustContentDigest: true });
    expect((await begin({ headers, body: unread })).kind).toBe('run');
    const other = { ...headers, 'content-digest': 'sha-256=:Yg==:' };
    expect(told(await begin({ headers: other, body: unread }))).toMatchObject({ status: 422 });
    expect(told(await setUp().begin({ headers, body: unread }))).toMatchObject({ status: 400 });
  });
});

it('needs an engine', () => {
  expect(() => httpIdempotency(undefined as unknown as FakeIdempotency)).toThrow(
    'idempotent needs an engine, as made by idempotency(), got undefined',
  );
});
