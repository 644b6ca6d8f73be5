import { seededRandom } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { simulate } from './simulate.ts';
import { judge } from './verdict.ts';
import type { Goodput } from './windows.ts';

/** 100 requests a second for two minutes. A third of a second in three is bad: then most fail, as at a full queue. */
function clustered(seed: number, goodAt: (second: number) => number = () => 1): Goodput {
  const random = seededRandom(seed);
  let left = 0;
  const cohorts = Array.from({ length: 1200 }, (_, i) => {
    left = left > 0 ? left - 1 : random.next() < 0.03 ? 3 : 0;
    const share = (left > 0 ? 0.3 : 1) * goodAt(i / 10);
    let good = 0;
    for (let request = 0; request < 10; request++) if (random.next() < share) good++;
    return { arrivals: 10, open: 0, good };
  });
  return { cohorts, cohortLength: 100, warmUp: 0, duration: 120_000 };
}

const fault = { from: 40_000, to: 50_000 };
const kinds = (span: typeof fault | null, goodAt?: (second: number) => number): Set<string> =>
  new Set(Array.from({ length: 50 }, (_, seed) => judge(clustered(seed, goodAt), span).kind));
const only = (...some: string[]): Set<string> => new Set(some);

const dip = (second: number): number => (second >= 40 && second < 50 ? 0.4 : 1);
const lost = (second: number): number => (second < 40 ? 1 : 0.4);

/** 100 requests a second, and failures only as told, one by one. */
function once(
  seconds: number,
  span: typeof fault | null,
  goodAt: (second: number) => number,
): string {
  const random = seededRandom(1);
  const cohorts = Array.from({ length: seconds * 10 }, (_, i) => {
    const good = Array.from({ length: 10 }, () => random.next() < goodAt(i / 10));
    return { arrivals: 10, open: 0, good: good.filter(Boolean).length };
  });
  return judge({ cohorts, cohortLength: 100, warmUp: 0, duration: seconds * 1000 }, span).kind;
}

const out = (from: number, to: number) => (second: number) =>
  second >= from && second < to ? 0 : 0.999;

describe('where failures come together', () => {
  it('one more such moment is no dip, neither beside a fault nor without one', () => {
    expect(kinds(null)).toEqual(only('stable'));
    expect(kinds(fault)).toEqual(only('stable'));
  });

  it('what is more than that is seen', () => {
    expect(kinds(fault, dip)).toEqual(only('degraded'));
    expect(kinds(null, dip)).toEqual(only('degraded'));
    expect(kinds(fault, (second) => (second >= 40 && second < 80 ? 0.4 : 1))).toEqual(
      only('recovers'),
    );
    expect(kinds({ from: 40_000, to: 43_000 }, lost)).toEqual(only('collapsed'));
    expect(kinds(null, lost)).toEqual(only('unsettled'));
  });

  it('what came once excuses nothing that is like it', () => {
    expect(once(60, null, out(20, 25))).toBe('degraded');
    expect(once(600, null, out(20, 22))).toBe('degraded');
    const short = { from: 30_000, to: 31_000 };
    const cold = out(0, 2);
    const broken = out(14, 16);
    expect(once(51, short, (at) => Math.min(cold(at), out(30, 31)(at)))).toBe('degraded');
    expect(once(51, short, (at) => Math.min(broken(at), out(30, 51)(at)))).toBe('collapsed');
  });

  it('as at a queue with an end, near saturation', () => {
    const fleet = fleetOf({
      services: {
        desk: { workers: 1, serviceTime: { exponential: '10ms' }, queue: { max: 10 } },
      },
      users: { clerks: { to: 'desk', rate: 90 } },
      scenarios: {
        calm: { duration: '1m' },
        idle: { duration: '1m', faults: [{ latency: 'desk', from: '30s', for: '5s', times: 1 }] },
      },
    });
    for (const scenario of ['calm', 'idle']) {
      const verdicts = Array.from({ length: 20 }, (_, i) =>
        simulate(fleet, { scenario, lane: 'holdfast', seed: i + 1 }),
      ).map(({ verdict }) => verdict.kind);
      expect(verdicts.filter((kind) => kind !== 'stable')).toEqual([]);
    }
  });
});
