import type { Random } from 'holdfast';
import type { Arrivals, RatePiece } from '../spec/model.ts';
import { exponential } from './distributions.ts';

type Open = Extract<Arrivals, { readonly kind: 'open' }>;

/** When the next one comes; each time it is asked, one later. Infinity: nobody comes any more. */
export type NextArrival = () => number;

/**
 * The moments of an open process. Its rate, summed up over time, passes steps that are exponential
 * of mean 1 (Poisson) or exactly 1 (constant): that inverts the process exactly, also on a ramp.
 *
 * @param end where the last piece's ramp reaches its end.
 */
export function openArrivals({ process, rate }: Open, random: Random, end: number): NextArrival {
  const pieces = rate
    .map((piece, at) => ({ ...piece, to: rate[at + 1]?.at ?? end }))
    .filter((piece) => piece.to > piece.at);
  let at = 0;
  let now = pieces[0]?.at ?? Infinity;
  return () => {
    let step = process === 'poisson' ? exponential(random) : 1;
    for (; at < pieces.length; at++) {
      const piece = pieces[at]!;
      const from = Math.max(now, piece.at);
      const next = reach(piece, from, step);
      if (next < piece.to || at === pieces.length - 1) {
        now = next;
        return now <= end ? now : Infinity;
      }
      step -= arrivalsBetween(piece, from, piece.to);
      now = piece.to;
    }
    return Infinity;
  };
}

interface Piece extends RatePiece {
  readonly to: number;
}

/** Arrivals a millisecond. */
function rateAt({ at, to, rate, until }: Piece, moment: number): number {
  const risen = until === rate ? 0 : ((until - rate) * (moment - at)) / (to - at);
  return (rate + risen) / 1000;
}

function arrivalsBetween(piece: Piece, from: number, to: number): number {
  return ((rateAt(piece, from) + rateAt(piece, to)) / 2) * (to - from);
}

/** When so many have come, counted from `from`, at the rate of this piece. */
function reach(piece: Piece, from: number, count: number): number {
  const rate = rateAt(piece, from);
  const { at, to, until } = piece;
  if (until === piece.rate) return rate > 0 ? from + count / rate : Infinity;
  // count = rate t + slope t² / 2, solved so that a small slope loses no digits.
  const slope = (until - piece.rate) / 1000 / (to - at);
  const root = rate * rate + 2 * slope * count;
  return root < 0 ? Infinity : from + (2 * count) / (rate + Math.sqrt(root));
}
