import type { Edge, Fleet } from './model.ts';
import type { SpecProblems } from './problems.ts';

/**
 * Calls that one user request may make of one service, retries aside. More is a slip of the pen,
 * and no simulation of it would end.
 */
const MAX_CALLS = 100_000;

/** Calls must end somewhere, and not be too many. */
export function checkGraph(fleet: Fleet, problems: SpecProblems): void {
  const { order, cycles } = walk(fleet);
  for (const cycle of cycles) {
    const names = cycle.map(({ from }) => from);
    const last = cycle.at(-1)!;
    problems.at(
      last.path,
      `closes a cycle of calls without end: ${[...names, last.to].join(' > ')}`,
    );
  }
  if (cycles.length > 0) return;
  for (const { edge } of fleet.users.values()) checkCalls(edge, order, fleet, problems);
}

/** Services with callers before callees, and each cycle by its edges. */
function walk(fleet: Fleet): { order: string[]; cycles: Edge[][] } {
  const done: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const cycles: Edge[][] = [];
  for (const name of fleet.services.keys()) {
    if (state.has(name)) continue;
    // A stack of one's own: a thousand services in a row are no reason to overflow.
    const way: Edge[] = [];
    const stack = [{ name, edges: edgesFrom(fleet, name) }];
    state.set(name, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const edge = top.edges.shift();
      if (edge === undefined) {
        state.set(top.name, 'done');
        done.push(top.name);
        stack.pop();
        way.pop();
      } else if (state.get(edge.to) === 'open') {
        const start = stack.findIndex((frame) => frame.name === edge.to);
        cycles.push([...way.slice(start), edge]);
      } else if (!state.has(edge.to) && fleet.services.has(edge.to)) {
        state.set(edge.to, 'open');
        way.push(edge);
        stack.push({ name: edge.to, edges: edgesFrom(fleet, edge.to) });
      }
    }
  }
  return { order: done.toReversed(), cycles };
}

function edgesFrom(fleet: Fleet, name: string): Edge[] {
  return fleet.services.get(name)!.stages.flat();
}

function checkCalls(
  first: Edge,
  order: readonly string[],
  fleet: Fleet,
  problems: SpecProblems,
): void {
  const calls = new Map([[first.to, 1]]);
  for (const name of order) {
    const received = calls.get(name) ?? 0;
    for (const { to, times } of received === 0 ? [] : edgesFrom(fleet, name)) {
      calls.set(to, (calls.get(to) ?? 0) + received * times);
    }
  }
  const [worst, most] = [...calls].toSorted(([, a], [, b]) => b - a)[0]!;
  if (most > MAX_CALLS) {
    const much = most > 1e15 ? 'more than a thousand million million' : String(Math.round(most));
    problems.at(
      first.path,
      `would call ${worst} ${much} times for one request; at most ${MAX_CALLS}`,
    );
  }
}
