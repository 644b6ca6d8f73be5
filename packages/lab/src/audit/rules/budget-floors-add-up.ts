import type { Edge } from '../../spec/model.ts';
import { processesOf } from '../edges.ts';
import type { Layer } from '../layers.ts';
import { amounts, eachService, type Rule } from './rule.ts';

/** Floors below this share of what a callee can serve do not matter, however busy it is. */
const NEGLIGIBLE = 0.05;

export const budgetFloorsAddUp: Rule = {
  id: 'budget-floors-add-up',
  severity: 'warning',
  looksFor:
    'Floors of retry budgets that, over all calling processes, add up to more than the callee can serve',
  why: 'Every process may make `floorPerSecond` retries, even if it has earned none. When the callee fails, a thousand quiet clients with a floor of one a second send it a thousand retries a second.',
  counts: 'workers and time',
  check: eachService((service, audited) => {
    const capacity = audited.load.capacityOf(service);
    if (capacity === Infinity) return null;
    const perSlot = capacity / (service.replicas * service.server.workers);
    const { fleet, sharingsTo, layersOf } = audited;
    const byCaller = Map.groupBy(sharingsTo(service.name), ([{ from }]) => from);
    const floors = sum(
      Array.from(byCaller.values(), (sharings) => {
        const edges = sharings.flat();
        const own = sum(sharings.map(([edge]) => floorOf(edge)));
        // Several edges may have one layer of a mesh: a process has one sidecar for all its calls.
        const atOnce = atOnceOf([...new Set(edges.flatMap(layersOf))]);
        return processesOf(edges[0]!, fleet) * (own + atOnce * perSlot);
      }),
    );
    const spare = Math.max(0, capacity - audited.load.rateOf(service.name));
    if (floors <= spare || floors <= NEGLIGIBLE * capacity) return null;
    const [room, sent] = amounts(spare, floors);
    return {
      message: `${service.name} can serve ${room} requests a second beyond its usual load, but the floors of its callers' retry budgets allow ${sent} retries a second`,
      fix: 'Lower `floorPerSecond` (0.1 by default); set it to 0 for callers that make enough calls to earn their retries. In a mesh, lower `minRetryConcurrency` (3 by default, and 0 counts as 3).',
      value: floors,
    };
  }),
};

/** Retries a second that one process may always make. */
function floorOf({ policy: { retry } }: Edge): number {
  return retry === null || retry.maxAttempts === 1 ? 0 : (retry.budget?.floorPerSecond ?? 0);
}

/** Retries that the layers of a mesh may always have under way; one without a bound is told by a rule of its own. */
function atOnceOf(layers: readonly Layer[]): number {
  return sum(
    layers.map(({ concurrentFloor }) => concurrentFloor).filter((floor) => floor < Infinity),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
