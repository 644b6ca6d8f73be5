import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import type { RunResult } from './result.ts';
import { simulate } from './simulate.ts';

type Pieces = readonly (readonly [seconds: number, rate: number])[];

const hold = { hold: 'db', from: '30s', for: '5s' };
const nothing = { latency: 'db', times: 1, from: '30s', for: '5s' };

/** The same as a trace of six minutes, as even as can be. */
function traceOf(load: Pieces): object {
  const trace = load.flatMap(([from, rate], i) => {
    const to = load[i + 1]?.[0] ?? 360;
    return Array.from({ length: (to - from) * rate }, (_, n) => 1000 * (from + n / rate));
  });
  return { trace };
}

/** A database that serves 100 a second, and callers who try twice. */
function run(
  load: Pieces,
  fault: object,
  arrivals: object = { rate: load.map(([seconds, rate]) => ({ at: seconds * 1000, rate })) },
): RunResult {
  const fleet = fleetOf({
    services: { db: { workers: 10, serviceTime: '100ms', queue: { max: 'unbounded' } } },
    users: {
      queries: {
        to: 'db',
        ...arrivals,
        patience: '2s',
        idempotent: true,
        policy: {
          timeout: '1s',
          deadline: false,
          breaker: false,
          bulkhead: false,
          retry: { maxAttempts: 2, backoff: { base: 0 }, budget: false },
        },
      },
    },
    scenarios: {
      s: {
        duration: '6m',
        warmUp: '10s',
        faults: [fault],
        expect: ['recovers within 30s', 'not metastable'],
      },
    },
  });
  return simulate(fleet, { scenario: 's', lane: 'holdfast', seed: 1 });
}

const recovery = ({ users }: RunResult): number => users[0]!.recovery! / 1000;

describe('what load alone does later', () => {
  const crowd = [
    [200, 150],
    [205, 30],
  ] as const;

  it('is no part of the recovery from a fault', () => {
    const { verdict, ...rest } = run([[0, 30], ...crowd], hold);
    const { verdict: without } = run([[0, 30]], hold);
    expect(verdict.kind).toBe('recovers');
    expect(verdict.after! / 1000).toBeCloseTo(without.after! / 1000, 0);
    expect(rest.expectations.map(({ holds }) => holds)).toEqual([true, true]);
    expect(Math.abs(rest.judgedUntil! - 200_000)).toBeLessThan(3000);
  });

  it('is told from it in a trace, too, of which nobody says where load is another one', () => {
    const pieces = [[0, 30], ...crowd] as const;
    const { verdict, judgedUntil } = run(pieces, hold, traceOf(pieces));
    expect(verdict.kind).toBe('recovers');
    expect(verdict.after!).toBeLessThan(30_000);
    expect(Math.abs(judgedUntil! - 200_000)).toBeLessThan(3000);
  });

  it('is no recovery from a fault that did nothing, and no stable run', () => {
    const calm = run([[0, 30], ...crowd], nothing);
    expect([calm.verdict.kind, recovery(calm)]).toEqual(['degraded', 0]);
    expect(run([[0, 30]], nothing)).toMatchObject({
      verdict: { kind: 'stable' },
      judgedUntil: null,
    });
  });

  it('does not hide what the fault has done for good before', () => {
    const overload = run(
      [
        [0, 70],
        [300, 150],
      ],
      hold,
    );
    expect(overload.verdict.kind).toBe('metastable');
    expect(overload.users[0]!.recovery).toBeNull();
  });

  it.each([30, 37])(
    'is told from the fault only where the fleet was well between them: at %d s',
    (at) => {
      const both = run(
        [
          [0, 30],
          [at, 150],
          [at + 6, 30],
        ],
        hold,
      );
      expect([both.verdict.kind, both.judgedUntil]).toEqual(['recovers', null]);
      expect(recovery(both)).toBeGreaterThan(20);
    },
  );

  it('is nothing where the fleet can serve it without the fault', () => {
    const grown = run(
      [
        [0, 30],
        [36, 70],
      ],
      hold,
    );
    expect([grown.verdict.kind, grown.judgedUntil]).toEqual(['metastable', null]);
  });
});
