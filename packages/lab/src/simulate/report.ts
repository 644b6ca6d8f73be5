import { edgesOf } from '../spec/edges.ts';
import type { Fleet } from '../spec/model.ts';
import type { RunResult } from './result.ts';
import type { Spread } from './seeds.ts';
import type { Sweep } from './sweep.ts';

/**
 * All that a report shows, as plain JSON. It holds no real time, date or path, so that the same
 * command makes the same bytes everywhere.
 */
export interface SimulationReport {
  /** The fleet's name. */
  readonly fleet: string;
  /** What makes this report again, from the directory of the spec. */
  readonly command: string;
  /** Every seed that was run; the first is that of `runs`. */
  readonly seeds: readonly number[];
  readonly graph: Graph;
  /** The scenarios that were run, in their order. */
  readonly scenarios: readonly ReportedScenario[];
  /** The first seed's runs: scenario by scenario, lane by lane within each. */
  readonly runs: readonly RunResult[];
  /** What all the seeds came to, for each scenario and lane; empty for a single seed. */
  readonly spreads: readonly Spread[];
  /** The verdicts over a parameter's values; null without a sweep, and `runs` is empty with one. */
  readonly sweep: Sweep | null;
}

/** A scenario, and what one sees in it. */
export interface ReportedScenario {
  readonly name: string;
  /** In the spec's words; empty if it says nothing. */
  readonly about: string;
}

/** Who calls whom. Its edges are those of the runs, by `id`. */
export interface Graph {
  readonly users: readonly string[];
  readonly services: readonly GraphService[];
  readonly edges: readonly GraphEdge[];
}

/** A service of the graph: how much of it there is. */
export interface GraphService {
  readonly name: string;
  readonly external: boolean;
  readonly replicas: number;
  /** Of one replica. */
  readonly workers: number;
}

/** A caller's way to its callee: from users or a service, to a service. */
export interface GraphEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Calls for one received request. */
  readonly times: number;
  readonly optional: boolean;
}

/** The fleet as a drawing needs it. */
export function graphOf(fleet: Fleet): Graph {
  return {
    users: [...fleet.users.keys()],
    services: Array.from(fleet.services.values(), ({ name, external, replicas, server }) => ({
      name,
      external,
      replicas,
      workers: server.workers,
    })),
    edges: edgesOf(fleet).map(({ id, from, to, times, optional }) => ({
      id,
      from,
      to,
      times,
      optional,
    })),
  };
}
