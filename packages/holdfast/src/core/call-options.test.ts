import { describe, expect, test, vi } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';

const runtime = testRuntime();
const { pipeline, timeout } = withRuntime(runtime);

describe('what a caller says of one call', () => {
  test.each([
    [null, /options must be an object, got null/],
    [5, /options must be an object, got 5/],
    [{ signal: null }, /options.signal must be an AbortSignal, got null/],
    [{ signal: new AbortController() }, /an AbortSignal, got an instance of AbortController/],
    [
      { parent: {} },
      /options.parent must be the attempt that an operation was given, got an object/,
    ],
    [{ key: '' }, /options.key must be a non-empty string, got an empty one/],
    [{ key: 5 }, /options.key must be a non-empty string, got number/],
    [{ idempotent: 'yes' }, /options.idempotent must be true or false, got "yes"/],
    [{ repeatable: 0 }, /options.repeatable must be true or false, got 0/],
    [{ criticality: 'high' }, /options.criticality must be one of critical_plus/],
    [{ deadline: -1 }, /options.deadline must be a duration/],
    [{ deadline: NaN }, /options.deadline must be a duration/],
    [
      { deadline: Date.UTC(2026, 0) },
      /options.deadline must be a duration from now \(milliseconds, or like '250ms', '5s'\), and no moment like Date.now\(\), got 1767225600000/,
    ],
    // Of no kind that could be printed.
    [{ criticality: Object.create(null) }, /options.criticality must be .*, got an object/],
    [{ deadline: Object.create(null) }, /options.deadline must be .*, got an object/],
    [{ deadline: 100 }, /needs a deadline policy/],
  ])('is checked: %j', async (options, message) => {
    let ran = 0;
    const result = await pipeline(timeout(100)).tryCall(() => ran++, options as never);
    expect(String(result.error)).toMatch(message);
    expect(result.stoppedBy).toBe('rejected');
    await expect(pipeline(timeout(100)).call(() => ran++, options as never)).rejects.toThrow(
      message,
    );
    expect(ran).toBe(0);
  });

  test('is no attempt of another copy of the package, and that is said', async () => {
    vi.resetModules();
    const other = await import('../index.ts');
    const outer = other.pipeline(other.timeout(1000));
    const result = await outer.call((parent) =>
      pipeline(timeout(100)).tryCall(() => 1, { parent }),
    );
    expect(result.error).toEqual(
      new TypeError(
        'options.parent must be the attempt that an operation was given by this copy of holdfast, got one of another copy',
      ),
    );
  });

  test('may be a deadline of decades, if it is written with its unit', async () => {
    const { deadline } = withRuntime(runtime);
    expect(await pipeline(deadline()).call(() => 'fine', { deadline: '36500d' })).toBe('fine');
  });

  test.each([
    ['the signal itself', AbortSignal.abort(), 'an instance of AbortSignal'],
    ['a Map', new Map([['idempotent', true]]), 'an instance of Map'],
    ['an array', [], 'an array'],
  ])('is no %s, which would go unseen, where diagnostics are on', async (_what, given, shown) => {
    const helpful = { ...runtime, diagnostics: true };
    const result = await pipeline(timeout(100, helpful)).tryCall(() => 1, given as never);
    expect(result.error).toEqual(new TypeError(`options must be an object, got ${shown}`));
  });

  test('is checked for misspelt names where diagnostics are on', async () => {
    const helpful = { ...runtime, diagnostics: true };
    const result = await pipeline(timeout(100, helpful)).tryCall(() => 1, {
      idempotnet: true,
    } as never);
    expect(String(result.error)).toMatch(/options.idempotnet is not an option; .*'idempotent'/);
  });
});
