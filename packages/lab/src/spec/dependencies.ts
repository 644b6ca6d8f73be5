import { isDeepStrictEqual } from 'node:util';
import type { Edge } from './model.ts';

/**
 * The calls of one caller that go through one dependency of its program, with one breaker, budget and
 * bulkhead for all of them: calls of one callee under one policy. The first gives it its name.
 */
export type Sharing = readonly [Edge, ...Edge[]];

/** Whether two of one caller's ways to its callees are one dependency. */
export function isShared(a: Way, b: Way): boolean {
  return a.to === b.to && isDeepStrictEqual(a.options, b.options);
}

interface Way {
  readonly to: string;
  readonly options: object;
}

/** The dependencies of one caller, in the order of their first calls. */
export function dependenciesOf(calls: readonly Edge[]): readonly Sharing[] {
  const all: [Edge, ...Edge[]][] = [];
  for (const edge of calls) {
    const same = all.find(([first]) => isShared(first, edge));
    if (same === undefined) all.push([edge]);
    else same.push(edge);
  }
  return all;
}
