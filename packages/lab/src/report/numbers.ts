/**
 * How figures are written, the same in HTML and Markdown. By hand rather than with `Intl`, whose
 * words change with the ICU data of the machine: a report's bytes must not.
 */
import type { Measure } from '../spec/model.ts';

/** What a figure is of; decides how it is written. */
export type Unit = 'count' | 'rate' | 'ms' | 'share' | 'ratio';

/** Stands for a figure that does not exist. */
export const NOTHING = '–';

/** Between thousands, and between a number and its unit: narrow, and never broken at a line's end. */
const THIN = '\u202f';

/** The figure in its unit, to about three digits; `–` for null. */
export function written(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  switch (unit) {
    case 'count':
      return grouped(Number.isInteger(value) ? String(value) : threeDigits(value));
    case 'rate':
      return grouped(threeDigits(value));
    case 'ms':
      return time(value);
    case 'share':
      return `${threeDigits(value * 100)}${THIN}%`;
    case 'ratio':
      return `${grouped(threeDigits(value))}×`;
  }
}

/** A time, or what it comes to at least where it has no end: `≥ 30 s`. */
export function writtenTime(ms: number | null, least: number | null): string {
  return ms === null && least !== null ? `≥${THIN}${time(least)}` : written(ms, 'ms');
}

const UNITS: Readonly<Record<Measure, Unit>> = {
  amplification: 'ratio',
  'attempts-per-call': 'ratio',
  goodput: 'share',
  p50: 'ms',
  p95: 'ms',
  p99: 'ms',
  recovery: 'ms',
  duplicates: 'count',
  wasted: 'share',
  queue: 'count',
  metastable: 'count',
};

/** The unit of an expectation, or of a figure over seeds, by the measure that its text begins with. */
export function unitOf(text: string): Unit {
  const [first = ''] = text.trim().split(/[\s<>=]/);
  if (first === 'recovers') return UNITS.recovery;
  return Object.hasOwn(UNITS, first) ? UNITS[first as Measure] : 'count';
}

/** Milliseconds as a person says them: `340 ms`, `1.24 s`, `2 min 5 s`, `6 h 30 min`. */
export function time(ms: number): string {
  const size = Math.abs(ms);
  if (size === 0) return `0${THIN}s`;
  if (size < 999.5) return `${threeDigits(ms)}${THIN}ms`;
  if (size < 120_000) return `${threeDigits(ms / 1000)}${THIN}s`;
  return size < 7_170_000 ? twoUnits(ms / 1000, 'min', 's') : twoUnits(ms / 60_000, 'h', 'min');
}

/** Sixty of the smaller unit are one of the larger. */
function twoUnits(value: number, large: string, small: string): string {
  const all = Math.round(value);
  const rest = all % 60;
  const whole = `${grouped(String((all - rest) / 60))}${THIN}${large}`;
  return rest === 0 ? whole : `${whole} ${rest}${THIN}${small}`;
}

/** At most three digits behind the first that counts, no zeros at the end. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size < 0.0005) return '0';
  const decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.1 ? 2 : 3;
  const text = value.toFixed(decimals);
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return trimmed.replace('-', '−');
}

function grouped(digits: string): string {
  const [whole = '', fraction] = digits.split('.');
  if (whole.length < 5) return digits;
  const spaced = whole.replaceAll(/\B(?=(\d{3})+$)/g, THIN);
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}
