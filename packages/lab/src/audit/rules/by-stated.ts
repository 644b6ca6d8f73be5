import type { Capacity } from '../../spec/model.ts';
import type { Audited, Fault, Rule } from './rule.ts';

/**
 * What a rule finds. If it counts with capacities, then what it finds with stated ones alone stays as it is; what it
 * finds only with the lab's defaults for the others is of severity info, and says which they are.
 */
export function byStated({ check, counts }: Rule, audited: Audited): Iterable<Fault> {
  const { certain, edges } = audited;
  if (counts === undefined || certain === null) return check(audited);
  const sure = new Map(Array.from(check(certain), (fault) => [fault.at, fault]));
  const callees = new Map(edges.map(({ id, to }) => [id, to]));
  return Array.from(check(audited), (fault) => {
    const known = sure.get(fault.at);
    if (known !== undefined) return known.severity === fault.severity ? fault : known;
    const service = callees.get(fault.at) ?? fault.at;
    return assuming(fault, unstatedOf(service, counts === 'time', audited));
  });
}

/** `workers` and `serviceTime` of stripe. */
function unstatedOf(name: string, timeAlone: boolean, audited: Audited): string {
  const hasWorkers = audited.fleet.services.get(name)?.stated.has('workers') ?? true;
  const slow = audited.unstatedTimeOf(name);
  const workers: readonly Capacity[] = hasWorkers || timeAlone ? [] : ['workers'];
  const own: readonly Capacity[] = slow === name ? [...workers, 'serviceTime'] : workers;
  return [
    ...(own.length === 0 ? [] : [`${own.map((key) => `\`${key}\``).join(' and ')} of ${name}`]),
    ...(slow === null || slow === name ? [] : [`\`serviceTime\` of ${slow}`]),
  ].join(' and ');
}

function assuming(fault: Fault, unstated: string): Fault {
  return {
    ...fault,
    severity: 'info',
    message: `${fault.message}; this is by the lab's default for ${unstated}, which nobody states`,
    fix: `State ${unstated}. If the default is right: ${fault.fix}`,
  };
}
