import { dependency, retry } from 'holdfast';
import { describe, expect, test } from 'vitest';

const custom = (): number => 100;

// The compiler refuses most of these, too; JavaScript has none.
describe('a backoff function that would never be called is refused', () => {
  test.each([
    ['without its kind', { custom }],
    ['with another kind', { kind: 'linear', custom }],
    ['with a jitter that does not ask it', { kind: 'custom', custom, jitter: 'decorrelated' }],
  ] as [string, object][])('%s', (_how, backoff) => {
    expect(() => retry({ backoff })).toThrow(/^retry.backoff.custom would never be called/);
    expect(() => dependency('d', { retry: { backoff }, protocol: 'http' })).toThrow(
      /^dependency\('d'\).retry.backoff.custom would never be called/,
    );
  });

  test('nor is its kind without it, and all that is wrong is told at once', () => {
    const options: object = { retry: { backoff: { kind: 'custom' } }, deadline: -1 };
    expect(() => dependency('d', { ...options, protocol: 'http' })).toThrow(
      /dependency\('d'\).deadline must be[^]*dependency\('d'\).retry.backoff.custom must be a func/,
    );
  });
});
