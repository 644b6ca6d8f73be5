import type { Graph, GraphEdge, SimulationReport } from '../src/simulate/report.ts';
import type {
  EdgeResult,
  FaultBand,
  JudgedExpectation,
  Phase,
  RunResult,
  ServiceResult,
  UserFigures,
  UsersResult,
} from '../src/simulate/result.ts';

/**
 * Reports as a simulation makes them, without one: shoppers call a web tier, that calls a checkout,
 * that calls payments; payments are out for a while. Shapes and sizes are plausible, not computed.
 */

export interface Names {
  readonly fleet: string;
  readonly scenario: string;
  readonly about: string;
  readonly users: string;
  readonly services: readonly [string, string, string, string, string];
  readonly lanes: readonly string[];
}

export const NAMES: Names = {
  fleet: 'shop',
  scenario: 'payments-outage',
  about:
    'Payments refuse every connection for ten seconds. Retries at each of three layers turn a short outage into a storm that outlives it.',
  users: 'shoppers',
  services: ['web', 'checkout', 'stock', 'prices', 'payments'],
  lanes: ['naive', 'holdfast'],
};

const DURATION = 200_000;
const STEP = 1000;
const FAULT = { from: 40_000, to: 50_000 };
const COUNT = DURATION / STEP;
const WORKERS = 40;

const PHASES: readonly Phase[] = [
  { name: 'before', from: 0, to: FAULT.from },
  { name: 'fault', ...FAULT },
  { name: 'after', from: FAULT.to, to: DURATION },
];

/** A report of one scenario, two lanes and 200 points; `names` may be as hostile as it likes. */
export function reportFixture(names: Partial<Names> = {}): SimulationReport {
  const all = { ...NAMES, ...names };
  return {
    fleet: all.fleet,
    command: `holdfast simulate --scenario ${all.scenario} --seed 7 --out report.html`,
    seeds: [7],
    graph: graph(all),
    scenarios: [{ name: all.scenario, about: all.about }],
    runs: all.lanes.map((lane) => run(all, lane)),
    spreads: [],
    sweep: null,
  };
}

/** The same, and nobody who came after the fault could have an answer when the run ended. */
export function waitingFixture(): SimulationReport {
  const report = reportFixture();
  return {
    ...report,
    runs: report.runs.map((one) => ({ ...one, users: one.users.map(waiting) })),
  };
}

function waiting({ byPhase, ...one }: UsersResult): UsersResult {
  return { ...one, byPhase: { ...byPhase, after: { ...byPhase['after']!, goodput: null } } };
}

/** The same with a second scenario, five seeds and a sweep. */
export function wholeFixture(): SimulationReport {
  const report = reportFixture();
  const { lanes, users } = NAMES;
  return {
    ...report,
    seeds: [7, 8, 9, 10, 11],
    runs: [
      ...report.runs,
      ...report.runs.map((one) => ({
        ...one,
        scenario: 'again',
        faults: [],
        trigger: null,
        expectations: [],
      })),
    ],
    spreads: lanes.map((lane) => ({
      scenario: NAMES.scenario,
      lane,
      seeds: [7, 8, 9, 10, 11],
      verdicts: lane === 'naive' ? { metastable: 4, recovers: 1 } : { recovers: 5 },
      figures: [
        { name: `goodput at ${users} after`, mean: 0.93, half: 0.012, runs: 5 },
        ...(lane === 'naive'
          ? [{ name: `recovery at ${users}`, mean: 40_000, half: null, runs: 1 }]
          : []),
      ],
      expectations: judged([
        {
          text: `goodput at ${users} after >= 95%`,
          is: '>=',
          bound: 0.95,
          value: lane === 'naive' ? 0.14 : 0.92,
          holds: false,
        },
      ]),
    })),
    sweep: {
      parameter: `users.${users}.rate`,
      values: [120, 140, 160],
      labels: ['120', '140', '160'],
      rows: lanes.map((lane) => ({
        scenario: NAMES.scenario,
        lane,
        cells: [
          { verdict: { kind: 'stable', after: null }, goodput: 0.999 },
          { verdict: { kind: 'recovers', after: 4200 }, goodput: 0.96 },
          {
            verdict: { kind: lane === 'naive' ? 'metastable' : 'recovers', after: null },
            goodput: lane === 'naive' ? 0.21 : 0.93,
          },
        ],
      })),
    },
  };
}

function graph({ users, services }: Names): Graph {
  const [web, checkout, stock, prices, payments] = services;
  return {
    users: [users],
    services: services.map((name) => ({
      name,
      external: name === payments,
      replicas: 2,
      workers: WORKERS / 2,
    })),
    edges: [
      wayTo(users, web),
      wayTo(web, checkout),
      wayTo(web, prices, true),
      wayTo(checkout, stock),
      wayTo(checkout, payments),
      wayTo(prices, stock),
    ],
  };
}

function wayTo(from: string, to: string, optional = false): GraphEdge {
  return { id: `${from} > ${to}`, from, to, times: 1, optional };
}

/** How a lane fares at a moment: 0 as ever, 1 all is lost. */
function trouble(lane: string, index: number): number {
  const at = (index + 0.5) * STEP;
  if (at < FAULT.from) return 0;
  if (at < FAULT.to) return 1;
  if (lane === 'naive') return Math.max(0.82, 1 - (at - FAULT.to) / 400_000);
  return Math.max(0, 1 - (at - FAULT.to) / 5000);
}

/** Between -1 and 1, the same every time. */
function noise(index: number, salt: number): number {
  const wave = Math.sin(index * 12.9898 + salt * 78.233) * 43_758.5453;
  return 2 * (wave - Math.floor(wave)) - 1;
}

function series<T>(make: (index: number) => T): T[] {
  return Array.from({ length: COUNT }, (_, index) => make(index));
}

function run(names: Names, lane: string): RunResult {
  const { services } = names;
  const payments = services[4];
  const faults: FaultBand[] = [{ kind: 'outage', on: payments, ...FAULT }];
  const naive = lane === 'naive';
  return {
    scenario: names.scenario,
    lane,
    seed: 7,
    duration: DURATION,
    step: STEP,
    phases: PHASES,
    faults,
    trigger: { kind: 'fault', ...FAULT },
    users: [usersResult(names.users, lane)],
    services: services.map((name, depth) => serviceResult(name, depth, lane)),
    edges: graph(names).edges.map(({ id, from, to }) =>
      edgeResult({ id, from, to }, services.indexOf(to), lane),
    ),
    verdict: naive ? { kind: 'metastable', after: null } : { kind: 'recovers', after: 4200 },
    judgedUntil: null,
    expectations: judged([
      {
        text: `amplification at ${payments} <= 1.2`,
        is: '<=',
        bound: 1.2,
        value: naive ? 47.3 : 1.08,
        holds: !naive,
      },
      {
        text: `goodput at ${names.users} after >= 95%`,
        is: '>=',
        bound: 0.95,
        value: naive ? 0.142 : 0.987,
        holds: !naive,
      },
      {
        text: 'recovers within 10s',
        is: '<=',
        bound: 10_000,
        value: naive ? 600_000 : 4200,
        endless: naive,
        holds: !naive,
      },
      { text: 'duplicates = 0', is: '=', bound: 0, value: naive ? 1893 : 0, holds: !naive },
      { text: 'not metastable', is: '=', bound: 0, value: naive ? 1 : 0, holds: !naive },
    ]),
    work: { calls: 20_000, attempts: naive ? 210_000 : 21_000, events: 900_000 },
  };
}

/** Most have an end. */
function judged(
  all: readonly (Omit<JudgedExpectation, 'endless'> & { readonly endless?: boolean })[],
): JudgedExpectation[] {
  return all.map((one) => ({ endless: false, ...one }));
}

function usersResult(name: string, lane: string): UsersResult {
  const after = lane === 'naive' ? 0.858 : 0.013;
  return {
    name,
    total: userFigures(after * 0.75 + 0.05, 20_000),
    byPhase: {
      before: userFigures(0.002, 4000),
      fault: userFigures(0.96, 1000),
      after: userFigures(after, 15_000),
    },
    series: {
      arrivals: series((at) => 100 + 8 * noise(at, 1)),
      goodput: series((at) =>
        Math.max(0, (100 + 8 * noise(at, 1)) * (1 - 0.96 * trouble(lane, at))),
      ),
      p50: series((at) => 24 + 900 * trouble(lane, at)),
      p99: series((at) => 140 + 20 * noise(at, 2) + 4860 * trouble(lane, at)),
    },
    recovery: lane === 'naive' ? null : 4200,
  };
}

function userFigures(bad: number, arrivals: number): UserFigures {
  const times = { p50: 24 + bad * 900, p95: 88 + bad * 3800, p99: 140 + bad * 4860 };
  return { arrivals, goodput: 1 - bad, ...times, atLeast: times };
}

function serviceResult(name: string, depth: number, lane: string): ServiceResult {
  const most = lane === 'naive' ? [1, 3.8, 9.4, 1.1, 47][depth]! : 1 + depth * 0.03;
  const amplified = (at: number) => 1 + (most - 1) * trouble(lane, at);
  const busy = (at: number) =>
    Math.min(WORKERS, 18 + 3 * noise(at, depth) + 30 * trouble(lane, at));
  const queue = (at: number) => (lane === 'naive' ? 180 : 6) * trouble(lane, at) * (depth / 4);
  const figures = (bad: number, arrivals: number) => ({
    arrivals: Math.round(arrivals * (1 + (most - 1) * bad)),
    amplification: 1 + (most - 1) * bad,
    rejected: Math.round(400 * bad * depth),
    rejectedBy: {
      critical_plus: 0,
      critical: 0,
      sheddable_plus: 0,
      sheddable: Math.round(400 * bad * depth),
    },
    wasted: 0.6 * bad,
    duplicates: lane === 'naive' && depth === 4 ? Math.round(1893 * bad) : 0,
    recognised: 0,
    queue: 180 * bad,
    queueMax: Math.round(200 * bad),
    utilisation: 0.45 + 0.5 * bad,
  });
  const after = lane === 'naive' ? 0.86 : 0.01;
  return {
    name,
    total: figures(after, 20_000),
    byPhase: { before: figures(0, 4000), fault: figures(1, 1000), after: figures(after, 15_000) },
    series: {
      arrivals: series((at) => 100 * amplified(at)),
      queue: series(queue),
      busy: series(busy),
      amplification: series((at) => amplified(at) * (1 + 0.02 * noise(at, depth))),
    },
  };
}

function edgeResult(
  edge: { id: string; from: string; to: string },
  depth: number,
  lane: string,
): EdgeResult {
  const naive = lane === 'naive';
  const most = depth === 0 ? 1 : naive ? 3.97 : 1.09;
  const calls = (at: number) =>
    (naive ? 100 + 260 * depth * trouble(lane, at) : 100) + 4 * noise(at, 1);
  const perCall = (at: number) => 1 + (most - 1) * trouble(lane, at);
  const figures = (bad: number, count: number) => ({
    calls: count,
    attempts: Math.round(count * (1 + (most - 1) * bad)),
    attemptsPerCall: 1 + (most - 1) * bad,
    failures: Math.round(count * bad),
    refused: naive ? 0 : Math.round(count * bad * 0.8),
    open: 0,
    verdicts: { success: Math.round(count * (1 - bad)), transient: Math.round(count * bad * most) },
    p50: 20 + 300 * bad,
    p95: bad === 1 ? null : 80 + 700 * bad,
    p99: bad === 1 ? null : 120 + 900 * bad,
    atLeast: { p50: 20 + 300 * bad, p95: 80 + 700 * bad, p99: 120 + 900 * bad },
  });
  const after = naive ? 0.86 : 0.01;
  return {
    ...edge,
    total: figures(after, 20_000),
    byPhase: { before: figures(0, 4000), fault: figures(1, 1000), after: figures(after, 15_000) },
    series: {
      calls: series(calls),
      attempts: series((at) => calls(at) * perCall(at)),
      failures: series((at) => 100 * trouble(lane, at)),
      p99: series((at) => (trouble(lane, at) === 1 ? null : 120)),
      open: series((at) => (naive || depth < 4 ? null : trouble(lane, at) > 0.2 ? 1 : 0)),
      budget: series((at) => (naive ? null : 0.04 + 0.9 * trouble(lane, at))),
      inFlight: series(() => 4),
    },
  };
}
