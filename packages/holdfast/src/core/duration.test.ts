import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, isMoment, milliseconds } from './duration.ts';

describe('a duration', () => {
  test('is no bigint', () => expect(milliseconds(5n)).toBeNaN());

  test.each([
    [0, 0],
    [1.5, 1.5],
    [2 ** 31 + 1, 2 ** 31 + 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['250ms', 250],
    ['5s', 5000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5d', 129_600_000],
    ['0.5ms', 0.5],
    ['0s', 0],
    ['32.498s', 32_498],
    ['2.01s', 2010],
  ])('%j is %d ms', (given, expected) => expect(milliseconds(given)).toBe(expected));

  test.each([
    [-1],
    [NaN],
    [Infinity],
    [2 ** 60],
    [''],
    ['5'],
    ['5 s'],
    ['-5s'],
    ['+5s'],
    ['5S'],
    ['5sec'],
    ['1e3ms'],
    ['.5s'],
    ['5.s'],
    ['1h30m'],
    ['1w'],
    ['Infinityms'],
    [`${'9'.repeat(400)}h`],
    ['5s\n'],
    [null],
    [undefined],
    [true],
    [[5]],
    [{}],
  ])('%j is none', (given) => expect(milliseconds(given)).toBeNaN());

  test.each([
    [1e12, true],
    [Date.UTC(2026, 0), true],
    [1e13, false],
    [Number.MAX_SAFE_INTEGER, false],
    [999_999_999_999, false],
    ['36500d', false],
    [undefined, false],
  ])('that is %j is a moment: %j', (given, expected) => expect(isMoment(given)).toBe(expected));

  test('is written for people', () => {
    expect(formatDuration(0)).toBe('0ms');
    expect(formatDuration(999.999)).toBe('1s');
    expect(formatDuration(1500)).toBe('1.5s');
    expect(formatDuration(90_000)).toBe('1.5m');
    expect(formatDuration(59_999)).toBe('1m');
    expect(formatDuration(3_600_000)).toBe('1h');
    expect(formatDuration(86_400_000)).toBe('24h');
    expect(formatDuration(172_799_999)).toBe('2d');
    expect(formatDuration(604_800_000)).toBe('7d');
    expect(formatDuration(129_600_000)).toBe('36h');
    expect(formatDuration(Infinity)).toBe('for ever');
  });

  test('that was written for people reads back as about the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e10 }), (ms) => {
        const back = milliseconds(formatDuration(ms));
        expect(Math.abs(back - ms)).toBeLessThanOrEqual(0.005 * ms);
      }),
    );
  });
});
