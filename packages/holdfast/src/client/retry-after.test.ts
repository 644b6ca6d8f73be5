import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { httpDate, retryAfter } from './retry-after.ts';

const never = (): number => {
  throw new Error('the clock was asked');
};

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 2 ', 2000],
    ['1.5', 1500],
  ])('in seconds: %j', (header, ms) => expect(retryAfter(header, never)).toBe(ms));

  test.each(['', 'soon', '-1', '1e3', '0x10', 'Sun, 06 Nov 1994 08:49:37', '5s', 'NaN'])(
    'that is neither seconds nor a date counts as none: %j',
    (header) => expect(retryAfter(header, () => 0)).toBe(undefined),
  );

  test('as a date is the time until then', () => {
    const now = Date.UTC(1994, 10, 6, 8, 49, 7);
    expect(retryAfter('Sun, 06 Nov 1994 08:49:37 GMT', () => now)).toBe(30_000);
  });

  test('as a date that has passed is no wait', () => {
    expect(retryAfter('Sun, 06 Nov 1994 08:49:37 GMT', () => Date.UTC(2030, 0))).toBe(0);
  });
});

describe('a date of HTTP', () => {
  const moment = Date.UTC(1994, 10, 6, 8, 49, 37);

  test.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('is read in each form: %s', (text) => expect(httpDate(text)).toBe(moment));

  test('whose year has two digits is in this century if it would be before 1970 otherwise', () => {
    expect(httpDate('Friday, 01-Jan-27 00:00:00 GMT')).toBe(Date.UTC(2027, 0));
  });

  test.each([
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 32 Nov 1994 08:00:00 GMT',
    'Sun, 00 Nov 1994 08:00:00 GMT',
    'Sun, 06 Foo 1994 08:00:00 GMT',
    'Sun, 06 Nov 1994 08:00:00 +0100',
    '1994-11-06T08:49:37Z',
  ])('that is none is undefined: %s', (text) => expect(httpDate(text)).toBe(undefined));

  test('is what JavaScript takes it for, in any year of four digits', () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        expect(httpDate(new Date(second * 1000).toUTCString())).toBe(second * 1000);
      }),
    );
  });
});
