import type { Edge } from '../../spec/model.ts';
import { callsOf } from '../edges.ts';
import { capacityOf } from '../load.ts';
import { amount, type Audited, eachService, type Rule } from './rule.ts';

/** Floors below this share of what a callee can serve do not matter, however busy it is. */
const NEGLIGIBLE = 0.05;

export const budgetFloorsAddUp: Rule = {
  id: 'budget-floors-add-up',
  severity: 'warning',
  looksFor:
    'Floors of retry budgets that come, over all replicas of the callers, to more than the callee can serve',
  why: 'A floor is granted to every process by itself, however little it has earned. A thousand quiet clients with one retry a second each are a thousand retries a second when the callee fails.',
  check: eachService((service, audited) => {
    const floors = callersOf(service.name, audited).reduce(
      (all, { edge, replicas }) =>
        all + replicas * (edge.policy.retry?.budget?.floorPerSecond ?? 0),
      0,
    );
    const capacity = capacityOf(service);
    const spare = Math.max(0, capacity - audited.load.rateOf(service.name));
    if (floors <= spare || floors <= NEGLIGIBLE * capacity) return null;
    return {
      message: `${service.name} can serve ${amount(spare)} requests a second more than usual, and the floors of its callers' budgets allow ${amount(floors)} retries a second`,
      fix: 'Lower `floorPerSecond` (0.1 by default), or set it to 0 for callers that make enough calls to earn their retries.',
      value: floors,
    };
  }),
};

function callersOf(
  name: string,
  { fleet }: Audited,
): readonly { readonly edge: Edge; readonly replicas: number }[] {
  return [...fleet.services.values()].flatMap((caller) =>
    callsOf(caller)
      .filter(({ to }) => to === name)
      .map((edge) => ({ edge, replicas: caller.replicas })),
  );
}
