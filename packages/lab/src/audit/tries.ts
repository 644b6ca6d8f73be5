/*
 * Layers lie inside one another: each try of an outer layer is one request to the next one inside,
 * which makes tries of its own of it. Layers are given from the outermost to the innermost, here
 * and everywhere in the audit.
 */
import type { Layer } from './layers.ts';

const INWARDS: readonly Layer['kind'][] = ['library', 'grpc', 'sidecar', 'inbound'];

/** From the outermost to the innermost. */
export function inwards(layers: readonly Layer[]): readonly Layer[] {
  return layers.toSorted((a, b) => INWARDS.indexOf(a.kind) - INWARDS.indexOf(b.kind));
}

/** The product over layers: requests that reach the callee for one that the caller wants, at most. */
export function nominalAttempts(layers: readonly Layer[]): number {
  return layers.reduce((product, { maxAttempts }) => product * maxAttempts, 1);
}

/** The longest that one try of the outermost of these layers may take; Infinity for no limit. */
function tryTime([outer, ...inner]: readonly Layer[]): number {
  return outer === undefined ? Infinity : Math.min(outer.perTry, longest(inner));
}

/** The longest that a request takes through these layers, when everything hangs and every wait is the largest. */
export function longest(layers: readonly Layer[]): number {
  const [outer] = layers;
  if (outer === undefined) return Infinity;
  return Math.min(outer.timeout, timeFor(outer, tryTime(layers), outer.maxAttempts));
}

/** What one layer's tries and largest waits need, its total aside; Infinity if a try has no limit. */
export function triesNeed(layers: readonly Layer[]): number {
  const [outer] = layers;
  return outer === undefined ? Infinity : timeFor(outer, tryTime(layers), outer.maxAttempts);
}

function timeFor({ hedges, backoff }: Layer, each: number, tries: number): number {
  if (each === Infinity) return Infinity;
  let time = hedges ? each : each * tries;
  for (let n = 1; n < tries; n += 1) {
    const wait = backoff(n);
    // Waits only grow, or only shrink: what is as long as the last one is all the same from there on.
    if (wait === backoff(tries - 1)) return time + wait * (tries - n);
    time += wait;
  }
  return time;
}

export interface Fitting {
  /** Tries that begin before the time is over, when each takes all that it may. */
  readonly begin: number;
  /** Tries that end before it. */
  readonly end: number;
}

/** How many tries of the outermost layer have room in `available` milliseconds, its own total included. */
export function triesThatFit(layers: readonly Layer[], available: number): Fitting {
  const [layer] = layers;
  if (layer === undefined) return { begin: 1, end: 1 };
  const total = Math.min(layer.timeout, available);
  const each = tryTime(layers);
  const { maxAttempts } = layer;
  // Hedges are sent while the tries before them still hang.
  const before = layer.hedges ? 0 : each;
  if (total === Infinity && before < Infinity) return { begin: maxAttempts, end: maxAttempts };
  let begin = 1;
  let end = each <= total ? 1 : 0;
  let start = before + layer.backoff(1);
  while (begin < maxAttempts && start < total) {
    const wait = layer.backoff(begin + 1);
    // From here on the waits are all the same: a file may state thousands of millions of tries.
    if (wait === layer.backoff(maxAttempts - 1)) {
      const periods = (time: number): number =>
        before + wait === 0 ? Infinity : time / (before + wait);
      const began = Math.min(maxAttempts - begin, Math.ceil(periods(total - start)));
      const ended = start + each > total ? 0 : Math.floor(periods(total - each - start)) + 1;
      return { begin: begin + began, end: end + Math.min(began, ended) };
    }
    if (start + each <= total) end += 1;
    begin += 1;
    start += before + wait;
  }
  return { begin, end };
}

/** What `available` milliseconds let through these layers when every try hangs, and what the callee has for one. */
export function timeLimited(
  layers: readonly Layer[],
  available: number,
): { readonly attempts: number; readonly window: number } {
  let attempts = 1;
  let window = available;
  for (const [i, layer] of layers.entries()) {
    attempts *= triesThatFit(layers.slice(i), window).begin;
    window = Math.min(window, layer.timeout, layer.perTry);
  }
  return { attempts, window };
}

/** Load that one layer sends in the long run for one unit that it is asked for: its budget bounds it. */
export function sustained({ maxAttempts, extraShare }: Layer): number {
  return Math.min(maxAttempts, 1 + extraShare);
}

/** The same while everything fails: what successes earn is not there then. */
export function sustainedInOutage(layer: Layer): number {
  return layer.earnedBySuccess ? 1 : sustained(layer);
}

/** A budget that lets half again through, three layers deep, still triples the load: beyond it nothing is bounded. */
const LOOSE_BUDGET = 0.5;

/** Retries, and no budget keeps that to a share of the load. */
export function multiplies(layer: Layer): boolean {
  return layer.maxAttempts > 1 && layer.extraShare > LOOSE_BUDGET;
}
