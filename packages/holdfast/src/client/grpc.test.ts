import { describe, expect, test } from 'vitest';
import { dependency, grpcClassifier, type Verdict } from '../index.ts';
import { testRuntime } from '../testing/index.ts';

const failed = (error: unknown): unknown => grpcClassifier({ ok: false, error });

/** As grpc-js is rejected: \`Metadata.get\` answers a list. */
const status = (code: number | string, pushback?: string, message = 'no'): object =>
  Object.assign(new Error(message), {
    code,
    metadata: {
      get: (name: string) =>
        name === 'grpc-retry-pushback-ms' && pushback !== undefined ? [pushback] : [],
    },
  });

const CODES: readonly (readonly [number, string, Verdict])[] = [
  [0, 'OK', 'success'],
  [1, 'CANCELLED', 'ignored'],
  [2, 'UNKNOWN', 'terminal'],
  [3, 'INVALID_ARGUMENT', 'terminal'],
  [4, 'DEADLINE_EXCEEDED', 'timeout'],
  [5, 'NOT_FOUND', 'terminal'],
  [6, 'ALREADY_EXISTS', 'terminal'],
  [7, 'PERMISSION_DENIED', 'terminal'],
  [8, 'RESOURCE_EXHAUSTED', 'overload'],
  [9, 'FAILED_PRECONDITION', 'terminal'],
  [10, 'ABORTED', 'transient'],
  [11, 'OUT_OF_RANGE', 'terminal'],
  [12, 'UNIMPLEMENTED', 'terminal'],
  [13, 'INTERNAL', 'terminal'],
  [14, 'UNAVAILABLE', 'transient'],
  [15, 'DATA_LOSS', 'terminal'],
  [16, 'UNAUTHENTICATED', 'terminal'],
];

describe('a gRPC status', () => {
  test.each(CODES)('%i, %s, is %s', (code, name, verdict) => {
    expect(failed(status(code))).toBe(verdict);
    expect(failed(status(name))).toBe(verdict);
    expect(failed({ code })).toBe(verdict);
  });

  test('with a pushback is not repeated before it', () => {
    expect(failed(status(14, '1500'))).toEqual({ verdict: 'overload', retryAfter: 1500 });
    expect(failed(status('ABORTED', '0'))).toEqual({ verdict: 'transient', retryAfter: 0 });
    const headers = new Headers({ 'grpc-retry-pushback-ms': '20' });
    expect(failed({ code: 8, metadata: headers })).toEqual({ verdict: 'overload', retryAfter: 20 });
  });

  test.each(['-1', 'soon', '', '1e9'])(
    'with the pushback %j is not repeated at all',
    (pushback) => {
      expect(failed(status(14, pushback))).toEqual({ verdict: 'overload', retry: false });
    },
  );

  test('of a message that is too large is final: the server may have done its work', () => {
    for (const said of [
      '8 RESOURCE_EXHAUSTED: Received message larger than max (5 vs 4)',
      'Attempted to send message with a size larger than 4',
    ]) {
      expect(failed(status(8, undefined, said))).toBe('terminal');
    }
  });
});

test('an answer is a success, whatever it is', () => {
  expect(grpcClassifier({ ok: true, value: undefined })).toBe('success');
});

test.each([
  [new DOMException('', 'AbortError'), 'ignored'],
  [new DOMException('', 'TimeoutError'), 'timeout'],
  [Object.assign(new Error(), { code: 'ECONNRESET' }), 'transient'],
  [{ code: 17 }, 'terminal'],
  [{ code: 1.5 }, 'terminal'],
  [new Error('no'), 'terminal'],
  [null, 'terminal'],
])('%o is no status: it is judged as the network’s', (error, verdict) => {
  expect(failed(error)).toBe(verdict);
});

test('a dependency with protocol grpc judges by status, within the limits of rpc', async () => {
  const runtime = testRuntime();
  const stock = dependency('stock', { protocol: 'grpc' }, runtime);
  expect(stock.explain()).toMatch(/deadline 4s[^]*attempt timeout 1s/);
  let attempts = 0;
  const run = async (code: number): Promise<unknown> => {
    attempts = 0;
    const call = stock.tryCall(
      () => {
        attempts++;
        throw status(code);
      },
      { idempotent: true },
    );
    while (runtime.clock.armed > 0) runtime.clock.expireNext(Infinity);
    return call;
  };
  await run(13);
  expect(attempts).toBe(1);
  await run(14);
  expect(attempts).toBeGreaterThan(1);
});
