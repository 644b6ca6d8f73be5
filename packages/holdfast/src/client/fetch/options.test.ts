import { describe, expect, test } from 'vitest';
import { fetching } from '../../../test/fetching.ts';
import type { Classifier } from '../../core/outcome.ts';
import { fleetFrom } from '../../spec/fleet.ts';
import { dependency } from '../dependency.ts';
import { resilientFetch, type ResilientFetchOptions } from './index.ts';

const ofResponses: Classifier<Response> = () => 'success';

describe('options of resilientFetch', () => {
  test.each([
    [{ bodyIdleTimeout: 0 }, RangeError, ', or false, got 0'],
    [{ bodyIdleTimeout: 'soon' }, RangeError, 'resilientFetch.bodyIdleTimeout'],
    [{ maxBufferedBody: -1 }, RangeError, 'resilientFetch.maxBufferedBody'],
    [{ idempotencyKey: 'always' }, RangeError, 'resilientFetch.idempotencyKey'],
    [{ fetch: 'fetch' }, TypeError, 'resilientFetch.fetch must be a function'],
    [{ contextHosts: 'a.internal' }, TypeError, 'resilientFetch.contextHosts must be an array'],
    [{ contextHosts: ['https://a/'] }, TypeError, 'resilientFetch.contextHosts[0]'],
    [{ contextHosts: ['a', 'a:99999'] }, TypeError, 'resilientFetch.contextHosts[1]'],
    [{ contextHosts: ['a:b'] }, TypeError, 'resilientFetch.contextHosts[0]'],
    [{ contextHosts: ['a', 5] }, TypeError, 'resilientFetch.contextHosts[1]'],
    [{ criticality: 'vital' }, RangeError, 'resilientFetch.criticality'],
    [{ bodyTimeout: 5 }, TypeError, 'resilientFetch.bodyTimeout is not an option'],
  ])('are checked at once: %j', (options, kind, message) => {
    const made = (): unknown => fetching(options as ResilientFetchOptions);
    expect(made).toThrow(kind);
    expect(made).toThrow(message);
  });

  test.each([
    [{ retry: false }, 'no protocol'],
    [{ preset: 'rpc', retry: false }, 'no protocol'],
    [{ protocol: 'grpc' }, "protocol 'grpc'"],
  ] as const)(
    'need a dependency that knows what a response means, not one of %j',
    (options, has) => {
      const message = `resilientFetch: dependency('rates') has ${has} and would take every response for a success; it needs protocol 'http', or classify`;
      const one = dependency('rates', options as { readonly retry: false });
      expect(() => resilientFetch(one as never)).toThrow(new TypeError(message));
      const spec = { holdfast: 1, services: { shop: { dependencies: { rates: options } } } };
      const stated = fleetFrom(spec).service('shop').dependency('rates');
      expect(() => resilientFetch(stated)).toThrow(new TypeError(message));
      expect(resilientFetch(dependency('rates', { ...options, classify: ofResponses }))).toBeTypeOf(
        'function',
      );
    },
  );

  test('need a dependency', () => {
    expect(() => resilientFetch({} as never)).toThrow('as made by dependency(), got an object');
    expect(() => resilientFetch('stock' as never)).toThrow('as made by dependency(), got "stock"');
  });
});
