import { describe, expect, it } from 'vitest';
import { parseHttpOptions } from './options.ts';
import { REPLAYED_HEADERS, isNeverReplayed } from './replayed-headers.ts';

const parse = (options: unknown) => parseHttpOptions(options, 'idempotent');

describe('the options', () => {
  it('have defaults', () => {
    expect(parse(undefined)).toEqual({
      methods: ['POST', 'PATCH'],
      header: 'Idempotency-Key',
      required: false,
      minKeyLength: 1,
      tenant: undefined,
      multiTenant: false,
      fingerprintHeaders: [],
      fingerprintBody: undefined,
      replayHeaders: [],
      maxRequestBody: 1_048_576,
      maxResponseBody: 1_048_576,
      maxResponseHold: 5000,
      replayUnkept: 'refuse',
      persist: 'before-send',
      trustContentDigest: false,
      storeResult: undefined,
      onStoreDown: undefined,
    });
  });

  it.each([
    [
      { methods: ['GET'] },
      RangeError,
      /idempotent\.methods\[0\] must be one of 'POST', 'PATCH', 'PUT', 'DELETE', got "GET"/,
    ],
    [{ methods: 'POST' }, TypeError, /idempotent\.methods must be an array of/],
    [{ methods: [7] }, TypeError, /idempotent\.methods\[0\]/],
    [{ header: 'a b' }, TypeError, /idempotent\.header must be the name of a header, got "a b"/],
    [{ minKeyLength: 256 }, RangeError, /idempotent\.minKeyLength .* 1 to 255/],
    [{ multiTenant: true }, TypeError, /idempotent\.tenant must be a function/],
    [{ tenant: 'a' }, TypeError, /idempotent\.tenant/],
    [{ fingerprintHeaders: [''] }, RangeError, /idempotent\.fingerprintHeaders\[0\]/],
    [
      { replayHeaders: ['X-A', 'Set-Cookie'] },
      RangeError,
      /idempotent\.replayHeaders\[1\] .* may be replayed, got "Set-Cookie"/,
    ],
    [{ maxResponseBody: -1 }, RangeError, /idempotent\.maxResponseBody/],
    [{ storeResult: 'hold' }, TypeError, /idempotent\.storeResult/],
    [{ onStoreDown: 'ajar' }, RangeError, /idempotent\.onStoreDown/],
    [{ method: [] }, TypeError, /idempotent\.method is not an option.*methods/],
  ])('refuse %j', (options, kind, message) => {
    expect(() => parse(options)).toThrow(kind);
    expect(() => parse(options)).toThrow(message);
  });
});

describe('headers that are never replayed', () => {
  it.each([
    'set-cookie',
    'date',
    'age',
    'connection',
    'keep-alive',
    'transfer-encoding',
    'content-length',
    'trailer',
    'upgrade',
    'www-authenticate',
    'server-timing',
    'traceparent',
    'x-request-id',
    'ratelimit',
    'ratelimit-remaining',
    'x-ratelimit-limit',
    'access-control-allow-origin',
  ])('%s', (name) => {
    expect(isNeverReplayed(name)).toBe(true);
    expect(REPLAYED_HEADERS).not.toContain(name);
  });

  it('are none of those that are', () => {
    expect(REPLAYED_HEADERS.filter((name) => isNeverReplayed(name))).toEqual([]);
    expect(isNeverReplayed('x-order-id')).toBe(false);
  });
});
