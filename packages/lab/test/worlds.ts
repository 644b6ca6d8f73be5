import { type DependencyData, effectivePolicy, Problems } from 'holdfast/spec';
import type {
  Arrivals,
  Distribution,
  Edge,
  Fault,
  Fleet,
  Idempotency,
  Queue,
  Scenario,
  Server,
  Service,
  Users,
} from '../src/spec/model.ts';
import { laneOf } from '../src/spec/lanes.ts';
import type { Probe } from '../src/simulate/probe.ts';
import { createWorld, type World } from '../src/simulate/world.ts';

/** One thing that a world told: the probe's method, and what it was given. */
export type Told = readonly [keyof Probe, ...(string | number | boolean)[]];

const METHODS: readonly (keyof Probe)[] = [
  'userArrived',
  'userAnswered',
  'requestArrived',
  'requestRejected',
  'requestServed',
  'loadChanged',
  'callStarted',
  'attemptStarted',
  'attemptEnded',
  'callEnded',
];

/** Hears a world, and keeps everything that it is told, in order. */
export class Witness {
  readonly told: Told[] = [];
  readonly probe: Probe;

  constructor() {
    const methods = METHODS.map((name) => [
      name,
      (...rest: (string | number | boolean)[]) => void this.told.push([name, ...rest]),
    ]);
    this.probe = Object.fromEntries(methods) as Probe;
  }

  /** What one method was told of one service, edge or users, or of all; without the name of which. */
  of(name: keyof Probe, subject?: string): (string | number | boolean)[][] {
    return this.told
      .filter(([method, on]) => method === name && (subject === undefined || on === subject))
      .map(([, , ...rest]) => rest);
  }

  count(name: keyof Probe, subject?: string): number {
    return this.of(name, subject).length;
  }

  /** When it was told that, in milliseconds. */
  times(name: keyof Probe, subject?: string): number[] {
    return this.of(name, subject).map(([now]) => Math.round(Number(now) * 1e6) / 1e6);
  }
}

/** One attempt, and nothing else but a timeout. */
export const BARE: DependencyData = {
  timeout: '1h',
  deadline: false,
  retry: false,
  breaker: false,
  bulkhead: false,
};

/** A second attempt, at once, whatever the budget. */
export const TWICE = { maxAttempts: 2, budget: false, backoff: { base: 0 } } as const;

export function edge(from: string, to: string, own: Partial<Edge> = {}): Edge {
  const options = own.options ?? BARE;
  return {
    id: `${from} > ${to}`,
    path: [],
    from,
    to,
    times: 1,
    optional: false,
    idempotent: true,
    keyed: false,
    criticality: 'critical',
    policyName: null,
    bare: false,
    policy: effectivePolicy(options, `${from} > ${to}`, new Problems()),
    ...own,
    options,
  };
}

export const fixed = (value: number): Distribution => ({ kind: 'constant', value });

/** The defaults of `idempotency()`. */
const REMEMBERING: Idempotency = {
  lease: 30_000,
  retention: 86_400_000,
  onExpiredLease: 'refuse',
  wait: 0,
};

type ServiceParts = Partial<Omit<Server, 'queue'>> & {
  readonly queue?: Partial<Queue>;
  readonly replicas?: number;
  readonly stages?: readonly (readonly Edge[])[];
  readonly idempotency?: Partial<Idempotency>;
};

export function service(name: string, parts: ServiceParts = {}): Service {
  const { queue, replicas = 1, stages = [], idempotency, ...server } = parts;
  return {
    name,
    path: [],
    external: false,
    replicas,
    server: {
      workers: 1,
      serviceTime: fixed(10),
      failures: 0,
      balancing: 'random',
      cache: null,
      ...server,
      queue: {
        max: Infinity,
        order: 'fifo',
        abandoned: 'executed',
        checksDeadline: false,
        ...queue,
      },
    },
    stated: new Set(),
    idempotency: idempotency === undefined ? null : { ...REMEMBERING, ...idempotency },
    stages,
    recoveryTime: null,
    shutdown: { drain: 25_000, terminationGracePeriod: null },
    livenessAsks: [],
  };
}

export function users(
  to: string,
  arrivals: Arrivals,
  own: Partial<Edge> = {},
  name = 'users',
): Users {
  return { name, path: [], edge: edge(name, to, own), arrivals, patience: 5000 };
}

export const trace = (...at: number[]): Arrivals => ({ kind: 'trace', at });

export const poisson = (rate: number): Arrivals => ({
  kind: 'open',
  process: 'poisson',
  rate: [{ at: 0, rate, until: rate }],
});

/** A fault without the place where the spec states it. */
export type FaultParts = Fault extends infer F
  ? F extends Fault
    ? Omit<F, 'path'>
    : never
  : never;

export interface Setting {
  readonly services: readonly Service[];
  readonly users: readonly Users[];
  readonly faults?: readonly FaultParts[];
  /** Arrivals in place of the users' own. */
  readonly load?: ReadonlyMap<string, Arrivals>;
  readonly duration?: number;
  readonly lane?: DependencyData;
  readonly seed?: number;
}

/** A world that has not begun. */
export function worldOf(setting: Setting, probe: Probe): World {
  const { services, faults = [], duration = 60_000, lane = {}, seed = 1 } = setting;
  const { load = new Map<string, Arrivals>() } = setting;
  const fleet: Fleet = {
    name: 'test',
    services: new Map(services.map((one) => [one.name, one])),
    users: new Map(setting.users.map((one) => [one.name, one])),
    scenarios: new Map(),
    lanes: new Map(),
    accepted: [],
  };
  const scenario: Scenario = {
    name: 'test',
    path: [],
    about: '',
    duration,
    warmUp: 0,
    load,
    faults: faults.map((fault) => ({ ...fault, path: [] })) as Fault[],
    expectations: [],
  };
  return createWorld({ fleet, scenario, lane: laneOf(lane), seed, probe });
}

/** What a world told until its end. */
export function run(setting: Setting): Witness {
  const witness = new Witness();
  worldOf(setting, witness.probe).run(setting.duration ?? 60_000);
  return witness;
}
