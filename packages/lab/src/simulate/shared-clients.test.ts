import { type DependencyData, fleetFrom } from 'holdfast/spec';
import { testRuntime } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { compileSpec } from '../spec/compile.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { Fleet } from '../spec/model.ts';
import { simulate } from './simulate.ts';

const BARE: DependencyData = { retry: false, breaker: false, bulkhead: false, deadline: false };

/** Each of ten requests calls a service that is down, twice, whatever becomes of it. */
function fleetWith(first: DependencyData, second: DependencyData): Fleet {
  const calls = [first, second].map((policy) => ({
    to: 'db',
    policy,
    optional: true,
    idempotent: true,
  }));
  return fleetOf({
    services: { web: { calls }, db: {} },
    users: { u: { to: 'web', trace: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } },
    scenarios: { down: { duration: '2s', faults: [{ outage: 'db' }] } },
  });
}

/** The attempts over each edge, simulated. */
function simulated(fleet: Fleet): readonly number[] {
  const run = simulate(fleet, { scenario: 'down', lane: 'holdfast', seed: 1 });
  const { edges } = run;
  for (const { total } of edges) {
    const verdicts = Object.values(total.verdicts).reduce((sum, count) => sum + count, 0);
    expect(verdicts).toBe(total.attempts);
  }
  return edges.filter(({ to }) => to === 'db').map(({ total }) => total.attempts);
}

const classify = (): 'transient' => 'transient';

/** The attempts of a program that makes the same calls by the dependencies that `fleetFrom` gives it. */
function ofProgram(fleet: Fleet): number {
  const runtime = testRuntime();
  const web = fleetFrom(compileSpec(fleet), runtime).service('web');
  const [first, second = first] = web.dependencies.map((name) =>
    web.dependency(name, { classify }),
  );
  let attempts = 0;
  const down = (): never => {
    attempts++;
    throw new Error('refused');
  };
  for (let request = 0; request < 10; request++) {
    for (const one of [first!, second!]) one.start(down, () => {}, { idempotent: true });
    runtime.clock.advance(1);
  }
  return attempts;
}

const breaking = {
  ...BARE,
  breaker: { kind: 'consecutive', consecutiveFailures: 4, cooldown: '1h' },
} as const;

describe('calls of one service to another', () => {
  it('share a breaker under one policy, as in a program', () => {
    const fleet = fleetWith(breaking, breaking);
    expect(simulated(fleet)).toEqual([2, 2]);
    expect(ofProgram(fleet)).toBe(4);
  });

  it('share a budget under one policy, as in a program', () => {
    const budget = { kind: 'token-bucket', capacity: 3, floorPerSecond: 0 } as const;
    const retry = { maxAttempts: 2, backoff: { base: 0 }, budget } as const;
    const fleet = fleetWith({ ...BARE, retry }, { ...BARE, retry });
    const attempts = simulated(fleet).reduce((sum, count) => sum + count, 0);
    expect(attempts).toBe(20 + 3);
    expect(ofProgram(fleet)).toBe(20 + 3);
  });

  it('wait in one bulkhead under one policy, and count as waiting once', () => {
    const policy = { ...BARE, bulkhead: { maxConcurrent: 1 } };
    const calls = [1, 2].map(() => ({ to: 'db', policy }));
    const fleet = fleetOf({
      services: { web: { calls }, db: { serviceTime: '100ms' } },
      users: { u: { to: 'web', trace: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } },
      scenarios: { calm: { duration: '10s' } },
    });
    const { edges } = simulate(fleet, { scenario: 'calm', lane: 'holdfast', seed: 1 });
    const [first, second] = edges.filter(({ to }) => to === 'db').map(({ series }) => series);
    // Each of ten requests makes one call after the other.
    const under = first!.inFlight.map((count, point) => count + second!.inFlight[point]!);
    expect(Math.max(...under)).toBe(10);
  });

  it('have breakers of their own under another', () => {
    const fleet = fleetWith(breaking, { ...breaking, timeout: '2s' });
    expect(simulated(fleet)).toEqual([4, 4]);
    expect(ofProgram(fleet)).toBe(8);
  });
});
