import type { Random } from '../../runtime/random.ts';
import type { ParsedBackoff } from './options.ts';

/** ±20 %: the spread of `proportional` jitter. */
const SPREAD = 0.2;
/** A `decorrelated` wait is at most so many times the one before it. */
const STRETCH = 3;

/**
 * The wait after the n-th failure before jitter: at most `max`, and finite for any n.
 *
 * constant: base · linear: base·n · exponential: base·factor^(n−1) · custom: as the function says.
 */
export function plainWait(backoff: ParsedBackoff, failures: number): number {
  return clamp(growth(backoff, failures), backoff.max);
}

/**
 * The wait after the n-th failure, at most `max`. `previous` is the one before it (0 at first),
 * which only `decorrelated` looks at: min(max, U(base, 3·previous)), as in Brooker's "Exponential
 * Backoff And Jitter" (AWS Architecture Blog, 2015).
 */
export function jitteredWait(
  backoff: ParsedBackoff,
  failures: number,
  previous: number,
  random: Random,
): number {
  const { base, jitter, max } = backoff;
  switch (jitter) {
    case 'full':
      return plainWait(backoff, failures) * random.next();
    case 'equal':
      return (plainWait(backoff, failures) / 2) * (1 + random.next());
    case 'proportional': {
      // Clamped before the spread, not after, or every long wait would be exactly `max`.
      const wait = Math.min(plainWait(backoff, failures), max / (1 + SPREAD));
      return Math.min(max, wait * (1 - SPREAD + 2 * SPREAD * random.next()));
    }
    case 'decorrelated': {
      const upper = STRETCH * Math.max(base, previous);
      return Math.min(max, base + (upper - base) * random.next());
    }
    case 'none':
      return plainWait(backoff, failures);
  }
}

function growth({ kind, base, factor, custom }: ParsedBackoff, failures: number): number {
  switch (kind) {
    case 'constant':
      return base;
    case 'linear':
      return base * failures;
    case 'exponential':
      return base * factor ** (failures - 1);
    case 'custom':
      return custom!(failures);
  }
}

/** At most `max`. NaN (0 x Infinity, after very many failures) and negative waits count as none. */
function clamp(wait: number, max: number): number {
  return wait > 0 ? Math.min(wait, max) : 0;
}
