import { dependency, retry } from 'holdfast';
import { describe, expect, test } from 'vitest';

describe('options that are no plain object are an error, not the defaults', () => {
  test.each([
    ['a Map', new Map([['maxAttempts', 1]])],
    ['a promise of them', Promise.resolve({ maxAttempts: 1 })],
    ['an heir of them', Object.create({ maxAttempts: 1 })],
  ])('%s', (_what, options: object) => {
    const whole = () => dependency('d', options as { retry: false });
    const part = () => dependency('d', { retry: options, protocol: 'http' });
    expect(whole).toThrow(/^dependency\('d'\) must be an object of options, got an instance of/);
    expect(part).toThrow(
      /^dependency\('d'\).retry must be an object of options, true or false, got an/,
    );
    expect(() => retry(options)).toThrow(/^retry must be an object of options, got an instance/);
  });
});
