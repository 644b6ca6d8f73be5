import { describe, expect, test } from 'vitest';
import { fetching } from '../../../test/fetching.ts';
import { resilientFetch, type ResilientFetchOptions } from './index.ts';

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

  test('need a dependency', () => {
    expect(() => resilientFetch({} as never)).toThrow('must be given a dependency');
    expect(() => resilientFetch(undefined as never)).toThrow('must be given a dependency');
  });
});
