import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Json, layer, placeOf } from '../../test/cases.ts';
import { fleetOf } from '../spec/fleet.ts';
import { audit, type AuditReport } from './audit.ts';

/** One call of a random fleet, and what is between the two. */
interface Call {
  readonly from: number;
  readonly to: number;
  readonly times: number;
  readonly attempts: number;
  /** Of the library's budget, which calls earn; null for none. */
  readonly ratio: number | null;
}

interface World {
  readonly calls: readonly Call[];
  /** The service that each kind of users calls, once. */
  readonly users: readonly number[];
  /** Attempts of the sidecars before each service. */
  readonly sidecars: readonly number[];
}

const SIZE = 6;
const service = fc.nat(SIZE - 1);

const call = fc
  .record({
    from: service,
    to: service,
    times: fc.constantFrom(0, 0.1, 0.5, 1, 1, 2, 2.5),
    attempts: fc.integer({ min: 1, max: 5 }),
    ratio: fc.constantFrom(null, 0, 0.1, 0.5, 10),
  })
  // Only onwards: a spec has no circles.
  .filter(({ from, to }) => from < to);

const world: fc.Arbitrary<World> = fc.record({
  calls: fc.array(call, { maxLength: 12 }),
  users: fc.array(service, { minLength: 1, maxLength: 3 }),
  sidecars: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: SIZE, maxLength: SIZE }),
});

function specOf({ calls, users }: World): Json {
  const callsOf = (caller: number): Json[] =>
    calls
      .filter(({ from }) => from === caller)
      .map(({ to, times, attempts, ratio }) => {
        const budget = ratio === null ? false : { ratio, earnedBy: 'call' };
        return { to: `s${to}`, times, policy: { retry: { maxAttempts: attempts, budget } } };
      });
  return {
    services: Object.fromEntries(
      Array.from({ length: SIZE }, (_, i) => [`s${i}`, { calls: callsOf(i) }]),
    ),
    users: Object.fromEntries(users.map((to, i) => [`u${i}`, { to: `s${to}`, rate: 1 }])),
  };
}

function reportOf(of: World): AuditReport {
  const layers = of.sidecars.map((maxAttempts, i) =>
    layer({ from: null, to: `s${i}`, maxAttempts, extraShare: 0.25 }),
  );
  return audit(fleetOf(specOf(of)), { layers, placeOf });
}

/** What one request brings to each service, walked way by way: a call multiplies it by its weight. */
function arriving(of: World, entrance: number, weight: (call: Call) => number): number[] {
  const all = of.sidecars.map(() => 0);
  const walk = (at: number, requests: number): void => {
    all[at] = (all[at] ?? 0) + requests;
    for (const one of of.calls) if (one.from === at) walk(one.to, requests * weight(one));
  };
  walk(entrance, 1);
  return all;
}

test('requests are what one counts way by way, for the worst of the users', () => {
  fc.assert(
    fc.property(world, (of) => {
      const { nodes, total } = reportOf(of);
      const sidecar = (to: number): number => of.sidecars[to] ?? 1;
      const byUsers = of.users.map((to) =>
        arriving(of, to, (one) => Math.ceil(one.times) * one.attempts * sidecar(one.to)).map(
          (requests) => requests * sidecar(to),
        ),
      );
      const sums = byUsers.map((one) => one.reduce((a, b) => a + b, 0));
      expect(total.requests).toBe(Math.max(...sums));
      for (const [i, { requests, timeLimitedRequests, worstPath }] of nodes.entries()) {
        expect(requests).toBe(Math.max(...byUsers.map((one) => one[i] ?? 0)));
        expect(timeLimitedRequests).toBeLessThanOrEqual(requests);
        expect(worstPath.product).toBeLessThanOrEqual(requests);
        expect(worstPath.factors.reduce((a, b) => a * b, 1)).toBe(
          worstPath.names.length === 0 ? 1 : worstPath.product,
        );
      }
    }),
    { numRuns: 300 },
  );
});

function through(attempts: number, share: number | null): number {
  return share === null ? attempts : Math.min(attempts, 1 + share);
}

test('sustained requests are what budgets let through of them, way by way', () => {
  fc.assert(
    fc.property(world, (of) => {
      const sidecar = (to: number): number => through(of.sidecars[to] ?? 1, 0.25);
      const ratios = of.users.map((to) => {
        const plain = arriving(of, to, ({ times }) => times);
        const lasting = arriving(
          of,
          to,
          (one) => one.times * through(one.attempts, one.ratio) * sidecar(one.to),
        );
        return plain.map((base, i) => (base === 0 ? 0 : ((lasting[i] ?? 0) / base) * sidecar(to)));
      });
      for (const [i, { sustained, sustainedInOutage }] of reportOf(of).nodes.entries()) {
        expect(sustained).toBeCloseTo(Math.max(...ratios.map((one) => one[i] ?? 0)), 9);
        expect(sustainedInOutage).toBeCloseTo(sustained, 9);
      }
    }),
    { numRuns: 300 },
  );
});
