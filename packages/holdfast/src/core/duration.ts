/** Milliseconds, or a plain decimal with its unit: `'250ms' | '5s' | '1.5m' | '1h' | '7d'`. A day has 24 hours. */
export type Duration = number | DurationText;
export type DurationText =
  | `${number}ms`
  | `${number}s`
  | `${number}m`
  | `${number}h`
  | `${number}d`;

const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration, or NaN when it is none: negative, infinite, or not in this form. */
export function milliseconds(duration: unknown): number {
  if (typeof duration === 'number') {
    return duration >= 0 && duration <= Number.MAX_SAFE_INTEGER ? duration : NaN;
  }
  if (typeof duration !== 'string') return NaN;
  const match = PATTERN.exec(duration);
  if (match === null) return NaN;
  // In floating point, 32.498 x 1000 is a little less than 32498.
  const value = Number((Number(match[1]) * UNITS[match[2]!]!).toPrecision(15));
  return value <= Number.MAX_SAFE_INTEGER ? value : NaN;
}

/**
 * Whether a number is a moment as `Date.now()` gives it, from 2001 to 2286. As a duration it would be
 * decades, which nobody means; whoever does writes `'36500d'`.
 */
export function isMoment(duration: unknown): boolean {
  return typeof duration === 'number' && duration >= 1e12 && duration < 1e13;
}

/** A duration for people: `1500` becomes `'1.5s'`. Days are counted from two on: `'24h'`, `'36h'`, `'2d'`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return 'for ever';
  if (round(ms) < 1000) return `${round(ms)}ms`;
  if (round(ms / 1000) < 60) return `${round(ms / 1000)}s`;
  if (round(ms / 60_000) < 60) return `${round(ms / 60_000)}m`;
  if (round(ms / 3_600_000) < 48) return `${round(ms / 3_600_000)}h`;
  return `${round(ms / 86_400_000)}d`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
