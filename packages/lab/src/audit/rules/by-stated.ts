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
  const all = [
    ...(own.length === 0 ? [] : [`${own.map((key) => `\`${key}\``).join(' and ')} of ${name}`]),
    ...(slow === null || slow === name ? [] : [timeOf(slow)]),
  ];
  return (all.length > 0 ? all : loopsTo(name, audited).map(timeOf)).join(' and ');
}

/** What closed loops that lead to a service wait for: they send the less the longer that takes. */
function loopsTo(name: string, { fleet, callsTo, unstatedTimeOf }: Audited): readonly string[] {
  const leading = new Set([name]);
  // It grows on the way.
  for (const one of leading) for (const { from } of callsTo(one)) leading.add(from);
  const times = [...fleet.users.values()].map(({ arrivals, edge }) =>
    arrivals.kind === 'closed' && leading.has(edge.from) ? unstatedTimeOf(edge.to) : null,
  );
  return [...new Set(times.filter((one) => one !== null))];
}

function timeOf(name: string): string {
  return `\`serviceTime\` of ${name}`;
}

function assuming(fault: Fault, unstated: string): Fault {
  return {
    ...fault,
    severity: 'info',
    message: `${fault.message}; this is by the lab's default for ${unstated}, which nobody states`,
    fix: `State ${unstated}. If the default is right: ${fault.fix}`,
  };
}
