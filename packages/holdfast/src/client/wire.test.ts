import { describe, expect, test } from 'vitest';
import { parseDictionary, parsePushback } from './wire.ts';

describe('a dictionary', () => {
  test.each([
    ['retry=no, after=1500', { retry: 'no', after: '1500' }],
    ['retry=no,after=1500', { retry: 'no', after: '1500' }],
    ['  a=1 ,\tb=2  ', { a: '1', b: '2' }],
    ['a, b=?0', { a: '?1', b: '?0' }],
    ['a=1;x=2;y, b="c, d"', { a: '1', b: '"c, d"' }],
    ['a=1, a=2', { a: '2' }],
    ['', {}],
  ])('is read: %j', (header, members) =>
    expect(Object.fromEntries(parseDictionary(header))).toEqual(members),
  );

  test.each([
    ['retry=no, =3, after=1', { retry: 'no', after: '1' }],
    ['Upper=1, ok=1', { ok: '1' }],
    ['a=1 2, ok=1', { ok: '1' }],
    [',,,ok=1,', { ok: '1' }],
    ['a="never closed, ok=1', { ok: '1' }],
  ])('loses only what is malformed: %j', (header, members) =>
    expect(Object.fromEntries(parseDictionary(header))).toEqual(members),
  );
});

test('a dictionary that is longer than any that is meant is not read: it would take long', () => {
  const longest = `a=${'1'.repeat(1016)}, b=2`;
  expect(longest).toHaveLength(1023);
  expect(parseDictionary(longest).get('b')).toBe('2');
  expect(parseDictionary(`${longest}00`).size).toBe(0);
});

describe('a pushback', () => {
  test.each([
    ['retry=no, after=1500', { final: true, after: 1500 }],
    ['retry=?0', { final: true, after: undefined }],
    ['retry=yes, after=250', { final: false, after: 250 }],
    ['after=-5', { final: false, after: undefined }],
    ['after=soon', { final: false, after: undefined }],
    ['after=99999999999999999999', { final: false, after: undefined }],
    ['level=sheddable, cohort=64', { final: false, after: undefined }],
  ])('is read: %j', (header, pushback) => expect(parsePushback(header)).toEqual(pushback));
});
