import { expect, it } from 'vitest';
import { type Unit, time, unitOf, written } from './numbers.ts';

const NARROW = /\u202f/g;

it.each<[number | null, Unit, string]>([
  [null, 'count', '–'],
  [Number.NaN, 'rate', '–'],
  [Infinity, 'ms', '∞'],
  [0, 'count', '0'],
  [1893, 'count', '1893'],
  [1_234_567, 'count', '1 234 567'],
  [0.987, 'share', '98.7 %'],
  [1, 'share', '100 %'],
  [47.26, 'ratio', '47.3×'],
  [1.0999, 'ratio', '1.1×'],
  [99.97, 'rate', '100'],
  [-3.5, 'rate', '−3.5'],
])('writes %s (%s) as %s', (value, unit, text) => {
  expect(written(value, unit).replace(NARROW, ' ')).toBe(text);
});

it.each([
  [0, '0 s'],
  [0.25, '0.25 ms'],
  [340, '340 ms'],
  [999.7, '1 s'],
  [1240, '1.24 s'],
  [60_000, '60 s'],
  [120_000, '2 min'],
  [125_000, '2 min 5 s'],
  [7_169_000, '119 min 29 s'],
  [7_170_000, '2 h'],
  [23_400_000, '6 h 30 min'],
])('writes %d ms as %s', (ms, text) => {
  expect(time(ms).replace(NARROW, ' ')).toBe(text);
});

it.each<[string, Unit]>([
  ['goodput at shoppers during the fault', 'share'],
  ['goodput>=0.9', 'share'],
  [' wasted at bank <= 5%', 'share'],
  ['p99 at shoppers', 'ms'],
  ['recovers within 10s', 'ms'],
  ['amplification at bank <= 1.2', 'ratio'],
  ['attempts-per-call at web', 'ratio'],
  ['duplicates = 0', 'count'],
])('knows the unit of %j: %s', (text, unit) => {
  expect(unitOf(text)).toBe(unit);
});
