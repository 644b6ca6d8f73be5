import type { DependencyData, ParsedOf } from 'holdfast/spec';
import type { Edge, Fleet, Service, SpecPath } from './model.ts';
import { NO_POLICY, resolvePolicy } from './policies.ts';
import type { callTable } from './services.ts';

type Call = ParsedOf<typeof callTable>;

/** Every edge of a fleet: its users' first, then its services' in the order of the file. */
export function edgesOf(fleet: Fleet): readonly Edge[] {
  return [
    ...Array.from(fleet.users.values(), ({ edge }) => edge),
    ...[...fleet.services.values()].flatMap(callsOf),
  ];
}

/** What one service calls, whatever the stage. */
export function callsOf(service: Service): readonly Edge[] {
  return service.stages.flat();
}

/** Who calls from outside: where that is written, and how long they wait. */
interface Outside {
  readonly path: SpecPath;
  readonly patience: number;
}

/** The edges of one caller in their stages; second ones to the same callee are numbered. */
export function stagesOf(
  from: string,
  calls: readonly (Call | readonly Call[])[],
  policies: ReadonlyMap<string, DependencyData>,
  outside: Outside | null = null,
): Edge[][] {
  const seen = new Map<string, number>();
  const edge = (call: Call, path: SpecPath): Edge => {
    const count = (seen.get(call.to) ?? 0) + 1;
    seen.set(call.to, count);
    const { policy, ...rest } = call;
    // Without a policy people still leave: when their patience ends.
    const lone = outside === null ? NO_POLICY : { ...NO_POLICY, timeout: outside.patience };
    return {
      ...rest,
      id: `${from} > ${call.to}${count === 1 ? '' : ` (${count})`}`,
      path,
      from,
      ...resolvePolicy(policy, policies, lone),
    };
  };
  return calls.map((stage, i) => {
    const path = outside?.path ?? ['services', from, 'calls', i];
    if (!('length' in stage)) return [edge(stage, path)];
    return stage.map((call, j) => edge(call, [...path, 'together', j]));
  });
}
