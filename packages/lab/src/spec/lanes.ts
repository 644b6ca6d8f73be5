import { type DependencyData, effectivePolicy, fitted, overlay, Problems } from 'holdfast/spec';
import { edgesOf } from './edges.ts';
import type { Edge, Fleet, Lane, SpecPath } from './model.ts';
import { isRecord, type SpecProblems } from './problems.ts';

/** The lanes that are there by themselves. */
export const LANES: ReadonlyMap<string, Lane> = new Map([
  /** The fleet as its spec states it. */
  ['holdfast', laneOf({})],
  /** What one finds in the field: four attempts at once, nothing that bounds them, and no keys, on every edge. */
  [
    'naive',
    {
      overNone: true,
      sendsKeys: false,
      options: {
        retry: {
          maxAttempts: 4,
          backoff: { kind: 'constant', base: 0, jitter: 'none' },
          budget: false,
        },
        breaker: false,
        bulkhead: false,
        deadline: false,
      },
    },
  ],
]);

/** A lane of the spec's own: what has no policy has none in it either. */
export function laneOf(options: DependencyData): Lane {
  return { options, overNone: false, sendsKeys: true };
}

/** What an edge's dependency is given in a lane. */
export function optionsIn(lane: Lane, { options, bare }: Edge): DependencyData {
  if (bare && !lane.overNone) return options;
  return fitted(overlay({ ...options }, { ...lane.options })) as DependencyData;
}

/** A lane may be wrong only together with the options that it is laid over. */
export function checkLanes(fleet: Fleet, problems: SpecProblems): void {
  if (problems.count > 0) return;
  const edges = edgesOf(fleet);
  for (const [name, lane] of fleet.lanes) {
    if (LANES.has(name)) continue;
    const laid = edges.filter(({ bare }) => !bare).map((edge) => optionsIn(lane, edge));
    if (laid.length === 0) {
      problems.at(['lanes', name], 'changes nothing: every edge has `policy: none`');
      continue;
    }
    for (const path of lostIn(laid, lane.options, ['lanes', name])) {
      problems.at(path, 'has no effect: no edge uses the `kind` that it is for');
    }
    const wrong = edges
      .map((edge) => ({ edge, own: problemsOf(optionsIn(lane, edge)) }))
      .find(({ own }) => own.length > 0);
    if (wrong !== undefined) {
      problems.at(['lanes', name], `does not fit ${wrong.edge.id}: ${wrong.own.join('; ')}`);
    }
  }
}

/** The paths of given options that came into none of the edges' options. */
function lostIn(laid: readonly unknown[], given: unknown, path: SpecPath): readonly SpecPath[] {
  if (!isRecord(given)) return laid.length === 0 ? [path] : [];
  return Object.entries(given).flatMap(([key, value]) => {
    const inner = laid.filter(isRecord).filter((options) => Object.hasOwn(options, key));
    const inside = inner.map((options) => options[key]);
    return value === undefined ? [] : lostIn(inside, value, [...path, key]);
  });
}

function problemsOf(options: DependencyData): readonly string[] {
  const problems = new Problems();
  effectivePolicy(options, 'policy', problems);
  return problems.messages;
}
