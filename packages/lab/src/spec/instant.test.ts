import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantOf } from './instant.ts';

const two = (n: number): string => String(n).padStart(2, '0');

test('an instant is what Date makes of it', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59Z'),
        noInvalidDate: true,
      }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (date, minutes) => {
        const local = new Date(date.getTime() + minutes * 60_000).toISOString();
        fc.pre(/^\d{4}-/.test(local));
        const [sign, ahead] = [minutes < 0 ? '-' : '+', Math.abs(minutes)];
        const zone = `${sign}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
        expect(instantOf(date.toISOString())).toBe(date.getTime());
        expect(instantOf(local.replace('Z', zone))).toBe(date.getTime());
      },
    ),
  );
});

test.each([
  '',
  '2026-03-02',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-03-02T00:60:00Z',
  '2026-03-02T00:00:60Z',
  '2100-02-29T00:00:00Z',
])('%j is none', (text) => expect(instantOf(text)).toBe(null));
