import { describe, expect, it } from 'vitest';
import type { Expectation } from '../spec/model.ts';
import { judgeExpectations, measure } from './expectations.ts';
import type { EdgeFigures, RunResult, ServiceFigures, UserFigures } from './result.ts';

const users = (over: Partial<UserFigures>): UserFigures => ({
  arrivals: 100,
  goodput: 1,
  p50: 10,
  p95: 20,
  p99: 30,
  atLeast: { p50: 10, p95: 20, p99: 30 },
  ...over,
});
const service = (over: Partial<ServiceFigures>): ServiceFigures => ({
  arrivals: 100,
  amplification: 1,
  rejected: 0,
  rejectedBy: { critical_plus: 0, critical: 0, sheddable_plus: 0, sheddable: 0 },
  wasted: 0,
  duplicates: 0,
  recognised: 0,
  queue: 1,
  queueMax: 5,
  utilisation: 0.5,
  ...over,
});
const edge = (over: Partial<EdgeFigures>): EdgeFigures => ({
  calls: 100,
  attempts: 120,
  attemptsPerCall: 1.2,
  failures: 10,
  refused: 0,
  open: 0,
  verdicts: {},
  p50: 1,
  p95: 2,
  p99: 3,
  atLeast: { p50: 1, p95: 2, p99: 3 },
  ...over,
});

const ofUsers = (total: UserFigures) => ({ name: 'u', total, byPhase: {}, recovery: 0 });
const toDb = (total: EdgeFigures) => ({ id: 'e', from: 'a', to: 'db', total, byPhase: {} });

const NOBODY = { arrivals: 0, goodput: null };

const run = {
  phases: [
    { name: 'before', from: 0, to: 10_000 },
    { name: 'fault', from: 10_000, to: 20_000 },
    { name: 'after', from: 20_000, to: 50_000 },
  ],
  users: [
    {
      name: 'shoppers',
      total: users({ goodput: 0.9 }),
      byPhase: { after: users({}) },
      recovery: 4000,
    },
    {
      name: 'robots',
      total: users({ arrivals: 300, goodput: 0.5, p99: 70 }),
      byPhase: {},
      recovery: 0,
    },
  ],
  services: [
    { name: 'web', total: service({ duplicates: 2 }), byPhase: {} },
    {
      name: 'payments',
      total: service({ amplification: 4, duplicates: 1, wasted: 0.3, queueMax: 9 }),
      byPhase: { fault: service({ amplification: 7 }) },
    },
  ],
  edges: [
    { id: 'shoppers > web', from: 'shoppers', to: 'web', total: edge({}), byPhase: {} },
    {
      id: 'robots > web',
      from: 'robots',
      to: 'web',
      total: edge({ calls: 300, attempts: 300 }),
      byPhase: {},
    },
    {
      id: 'web > payments',
      from: 'web',
      to: 'payments',
      total: edge({ attempts: 400, p95: 8 }),
      byPhase: {},
    },
  ],
  verdict: { kind: 'recovers', after: 4000 },
} as unknown as RunResult;

const ask = (
  name: Expectation['measure'],
  at: string | null = null,
  during: Expectation['during'] = 'all',
) => measure(run, { measure: name, at, during });

const p99Of = (change: object, at: string | null): number | null =>
  measure({ ...run, ...change }, { measure: 'p99', at, during: 'all' });

describe('a measure', () => {
  it('is worst of a time that had no end', () => {
    const waits = users({ p99: null });
    const hangs = edge({ p99: null });
    expect(p99Of({ users: [ofUsers(users({ p99: 5 })), ofUsers(waits)] }, null)).toBeNull();
    const unknown = ofUsers(users({ goodput: null, p99: null }));
    expect(p99Of({ users: [ofUsers(users({ p99: 5 })), unknown] }, null)).toBe(5);
    expect(p99Of({ edges: [toDb(edge({ p99: 5 })), toDb(hangs)] }, 'db')).toBeNull();
    const refused = toDb(edge({ refused: 100, failures: 100, p99: null }));
    expect(p99Of({ edges: [toDb(edge({ p99: 5 })), refused] }, 'db')).toBe(5);
  });

  it('leaves out of goodput what is still under way', () => {
    const edges = [toDb(edge({ failures: 18, open: 10 }))];
    const told = measure({ ...run, edges } as unknown as RunResult, {
      measure: 'goodput',
      at: 'db',
      during: 'all',
    });
    expect(told).toBe(0.8);
  });

  it('is of users, of a service, or of the whole fleet', () => {
    expect(ask('goodput', 'shoppers')).toBe(0.9);
    expect(ask('goodput')).toBe((90 + 150) / 400);
    expect(ask('goodput', 'payments')).toBe(0.9);
    expect(ask('p99', 'shoppers')).toBe(30);
    expect(ask('p99')).toBe(70);
    expect(ask('p95', 'payments')).toBe(8);
    expect(ask('amplification', 'web')).toBe(1);
    expect(ask('amplification')).toBe(4);
    expect(ask('attempts-per-call', 'web')).toBe(420 / 400);
    expect(ask('attempts-per-call', 'shoppers')).toBe(1.2);
    expect(ask('attempts-per-call')).toBe(820 / 500);
    expect(ask('duplicates')).toBe(3);
    expect(ask('duplicates', 'web')).toBe(2);
    expect(ask('wasted')).toBe(0.3);
    expect(ask('queue')).toBe(9);
    expect(ask('recovery')).toBe(4000);
    expect(ask('recovery', 'robots')).toBe(0);
    expect(ask('metastable')).toBe(0);
  });

  it('leaves users out of all goodput of whom nobody could have an answer yet', () => {
    const [shoppers, robots] = run.users;
    const waiting = { ...robots!, total: users({ arrivals: 300, goodput: null }) };
    const ofAll = { measure: 'goodput', at: null, during: 'all' } as const;
    expect(measure({ ...run, users: [shoppers!, waiting] }, ofAll)).toBe(0.9);
    expect(measure({ ...run, users: [waiting] }, ofAll)).toBeNull();
  });

  it('is of a phase', () => {
    expect(ask('amplification', 'payments', 'fault')).toBe(7);
    expect(ask('goodput', 'shoppers', 'after')).toBe(1);
  });

  it('is null where there is nothing to measure', () => {
    expect(ask('goodput', 'shoppers', 'fault')).toBeNull();
    expect(ask('amplification', 'shoppers')).toBeNull();
    expect(ask('duplicates', 'shoppers')).toBeNull();
  });

  it.each(['goodput', 'amplification', 'duplicates', 'wasted', 'queue', 'recovery', 'metastable'])(
    'is null where nobody came: %s',
    (name) => {
      const idle = {
        ...run,
        users: run.users.map((each) => ({ ...each, total: users(NOBODY) })),
        services: run.services.map((each) => ({
          ...each,
          total: service({ arrivals: 0, amplification: null }),
        })),
        edges: [],
      };
      const question = {
        measure: name as Expectation['measure'],
        at: null,
        during: 'all',
      } as const;
      expect(measure(idle, question)).toBeNull();
    },
  );
});

const expected = (
  name: Expectation['measure'],
  is: Expectation['is'],
  bound: number,
  at: string | null = null,
): Expectation => ({ path: [], text: name, measure: name, at, during: 'all', is, bound });

const judge = (given: RunResult, expectation: Expectation) =>
  judgeExpectations([expectation], given)[0]!;

const holds = (is: Expectation['is'], bound: number) =>
  judge(run, expected('amplification', is, bound, 'payments')).holds;

const as = (kind: RunResult['verdict']['kind']) =>
  judge({ ...run, verdict: { kind, after: null } }, expected('metastable', '=', 0));

describe('an expectation', () => {
  it('holds on its side of the bound, and on the bound', () => {
    expect([holds('<=', 3.9), holds('<=', 4), holds('<=', 4.1)]).toEqual([false, true, true]);
    expect([holds('>=', 3.9), holds('>=', 4), holds('>=', 4.1)]).toEqual([true, true, false]);
    expect([holds('=', 3.9), holds('=', 4), holds('=', 4.1)]).toEqual([false, true, false]);
  });

  it('does not hold when it cannot be evaluated', () => {
    expect(judge(run, expected('duplicates', '=', 0, 'shoppers'))).toMatchObject({
      value: null,
      holds: false,
    });
  });

  it('of a recovery that did not happen fails, unless the run is too short to tell', () => {
    const never = { ...run, users: run.users.map((each) => ({ ...each, recovery: null })) };
    const within = (bound: number) => judge(never, expected('recovery', '<=', bound));
    expect(within(10_000)).toMatchObject({ value: 30_000, endless: true, holds: false });
    expect(within(30_000)).toMatchObject({ value: null, holds: false });
    expect(within(40_000)).toMatchObject({ value: null, endless: false, holds: false });
    const idle = {
      ...never,
      users: never.users.map((each) => ({ ...each, total: users(NOBODY) })),
    };
    const nobodyAsked = judge(idle, expected('recovery', '<=', 10_000));
    expect(nobodyAsked).toMatchObject({ value: null, holds: false });
  });

  it('of a recovery at a service cannot be evaluated: it is users who recover', () => {
    const atService = judge(run, expected('recovery', '<=', 10_000, 'payments'));
    expect(atService).toMatchObject({ value: null, endless: false, holds: false });
  });

  it('not to be metastable cannot be told of a run that has not settled', () => {
    expect(as('metastable')).toMatchObject({ value: 1, holds: false });
    expect(as('unsettled')).toMatchObject({ value: null, holds: false });
    expect(as('degraded')).toMatchObject({ value: 0, holds: true });
  });
});
