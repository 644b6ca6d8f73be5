import { describe, expect, test } from 'vitest';
import { classify, fail } from '../../test/stock.ts';
import { dependency } from '../index.ts';
import { testRuntime } from '../testing/index.ts';
import { derivedBreakerOptions } from './options.ts';

/** What its options have become, as its parts show it. */
const told = (options: object): string =>
  dependency('stock', { ...options, classify } as never, testRuntime()).explain();

/** The error of a dependency with these options. */
const wrong = (options: unknown): Error => {
  try {
    dependency('stock', options as never);
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was found wrong');
};

describe('options over a preset over the protocol', () => {
  test('HTTP has 5 s for an attempt and 20 s for a call, the rest 1 s and 4 s', () => {
    expect(told({ protocol: 'http' })).toMatch(/deadline 20s[^]*attempt timeout 5s/);
    expect(told({ preset: 'http' })).toMatch(/deadline 20s[^]*attempt timeout 5s/);
    expect(told({})).toMatch(/deadline 4s[^]*attempt timeout 1s/);
  });

  test('a preset goes before the protocol, and one’s own before the preset', () => {
    const text = told({ preset: 'payments', protocol: 'http', deadline: '25s' });
    expect(text).toMatch(/deadline 25s[^]*from 200ms to 2s[^]*attempt timeout 8s/);
  });

  test('nested options are merged, not replaced', () => {
    const text = told({ preset: 'realtime', retry: { backoff: { max: '50ms' } } });
    expect(text).toContain('up to 2 attempts');
    expect(text).toContain('from 25ms to 50ms');
  });

  test('true keeps what the preset says', () => {
    expect(told({ preset: 'realtime', breaker: true })).toBe(told({ preset: 'realtime' }));
    expect(told({ preset: 'batch', retry: true })).toBe(told({ preset: 'batch' }));
  });

  test('undefined is as if it had not been said', () => {
    expect(told({ preset: 'batch', timeout: undefined })).toBe(told({ preset: 'batch' }));
  });

  test('a call is slow after half the attempt timeout, unless it is said otherwise', () => {
    expect(told({ timeout: '3s' })).toContain('took longer than 1.5s');
    expect(told({ timeout: '3s', breaker: { slowCallDuration: '1s' } })).toContain(
      'took longer than 1s',
    );
    expect(told({ timeout: 1 })).toContain('took longer than 1ms');
    expect(told({ timeout: false })).toContain('took longer than 2.5s');
  });

  test('a probe is leased for the attempt timeout and a second', () => {
    expect(derivedBreakerOptions({ timeout: '3s' })).toMatchObject({
      breaker: { probeLease: '4000ms' },
    });
    expect(derivedBreakerOptions({ timeout: false })).toEqual({ breaker: {} });
    expect(derivedBreakerOptions({ timeout: '3s', breaker: false })).toEqual({});
  });

  test('a cooldown above the default of maxCooldown needs no maxCooldown', () => {
    expect(told({ breaker: { cooldown: '10m' } })).toContain('for 10m');
  });

  test('the longest possible timeout needs no other option', () => {
    expect(() => told({ timeout: Number.MAX_SAFE_INTEGER, deadline: false })).not.toThrow();
  });

  test('nor does one of decades, though in milliseconds it looks like a moment', () => {
    const century = '36500d';
    expect(told({ timeout: century, deadline: century })).toContain('took longer than 18250d');
    const retry = { maxRetryAfter: century, backoff: { max: century } };
    expect(told({ retry, fallback: { value: 1, timeout: century } })).toContain('to 36500d');
    expect(wrong({ timeout: Date.UTC(2026), classify }).message).not.toContain('\n');
  });

  test('options are not changed, and one object makes independent dependencies', () => {
    const options = Object.freeze({
      classify,
      retry: Object.freeze({ backoff: Object.freeze({ base: 0 }) }),
      breaker: Object.freeze({ kind: 'consecutive', consecutiveFailures: 1 } as const),
    });
    const runtime = testRuntime();
    const [a, b] = [dependency('a', options, runtime), dependency('b', options, runtime)];
    a.start(fail, () => {});
    expect([a.breaker!.state, b.breaker!.state]).toEqual(['open', 'closed']);
  });
});

describe('wrong options', () => {
  test('are told whole, each with its path', () => {
    const { message } = wrong({
      preset: 'htttp',
      timeout: -1,
      retry: { maxAttempts: 0, backoff: { base: 'soon' }, budget: { ratio: 11 } },
      breaker: { cooldown: '2m', maxCooldown: '1m', failureRate: 2 },
      bulkhead: { maxConcurent: 1 },
      fallback: {},
      onEvent: 5,
    });
    for (const path of [
      "preset must be one of 'http', 'rpc', 'payments', 'batch', 'realtime', got \"htttp\"",
      'timeout must be',
      'retry.maxAttempts must be',
      'retry.backoff.base must be',
      'retry.budget.ratio must be',
      "breaker.maxCooldown must be at least dependency('stock').breaker.cooldown, got 60000",
      'breaker.failureRate must be',
      "bulkhead.maxConcurent is not an option; did you mean 'maxConcurrent'?",
      'fallback needs a value, a run function, or stale',
      'onEvent must be a function',
      "classify is needed to retry: say what outcomes mean, or name a protocol ('http', 'grpc'), or",
    ]) {
      expect(message).toContain(`dependency('stock').${path}`);
    }
  });

  test.each([
    ['timeout', 0, ', or false, got 0'],
    ['timeout', 'none', ', or false, got "none"'],
    ['timeout', Date.UTC(2026, 0), ', or false, and no moment like Date.now(), got 1767225600000'],
    ['deadline', Infinity, ', or false, got Infinity'],
    ['deadline', null, ', or false, got null'],
    ['retry', 0, 'an object of options, true or false, got 0'],
  ])('for no %s, %j is told what is right', (name, given, ending) => {
    const [first] = wrong({ classify, [name]: given }).message.split('\n');
    expect(first).toContain(`dependency('stock').${name} must be `);
    expect(first!.endsWith(ending)).toBe(true);
  });

  test('a key of JSON that means something to JavaScript is unknown like any other', () => {
    const { message } = wrong(JSON.parse('{ "retry": false, "__proto__": { "timeout": 1 } }'));
    expect(message).toContain("dependency('stock').__proto__ is not an option");
  });

  test.each([[undefined], [null], [5], [[]]])('%j instead of options', (options) => {
    expect(wrong(options)).toBeInstanceOf(TypeError);
  });

  test('who retries must say what outcomes mean, at run time too', () => {
    expect(wrong({})).toBeInstanceOf(TypeError);
    expect(() => dependency('x', { protocol: 'http' })).not.toThrow();
    expect(() => dependency('x', { retry: false })).not.toThrow();
  });

  test('a dependency has a name', () => {
    const message = 'dependency: the name must be a non-empty string, got ';
    expect(() => dependency('', { retry: false })).toThrow(`${message}""`);
    expect(() => dependency({ name: 'a' } as never, {} as never)).toThrow(`${message}an object`);
    expect(() => dependency(5 as never, { retry: false })).toThrow(TypeError);
  });
});
