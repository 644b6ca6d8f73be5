import { describe, expect, test } from 'vitest';
import { erlangB, erlangC } from './erlang.ts';
import { mg1 } from './mg1.ts';
import { mm1k } from './mm1k.ts';
import { mmc } from './mmc.ts';

/** P(n) of a birth-and-death chain with `workers` and `room`, summed up term by term. */
function chain(load: number, workers: number, room: number): number[] {
  const weights = [1];
  for (let n = 1; n <= room; n++) weights.push((weights[n - 1]! * load) / Math.min(n, workers));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

describe('Erlang', () => {
  // Erlang B tables print the load that loses a given share.
  test.each([
    [1, 0.0101, 0.01],
    [5, 1.361, 0.01],
    [10, 4.461, 0.01],
    [20, 12.031, 0.01],
    [10, 6.216, 0.05],
    [100, 84.064, 0.01],
  ])('B of %d servers under %d erlang is %d, as printed', (servers, load, printed) => {
    expect(erlangB(servers, load) / printed).toBeCloseTo(1, 2);
  });

  test('C has the values of textbooks', () => {
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 12);
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 12);
    expect(erlangC(5, 4)).toBeCloseTo(0.5541, 4);
    expect(erlangC(3, 3)).toBe(1);
  });

  test('both agree with the chain they come from', () => {
    for (const [servers, load] of [
      [3, 2],
      [8, 6.5],
      [20, 12],
    ] as const) {
      expect(erlangB(servers, load)).toBeCloseTo(chain(load, servers, servers).at(-1)!, 12);
      const idle = chain(load, servers, 2000).slice(0, servers);
      expect(erlangC(servers, load)).toBeCloseTo(1 - idle.reduce((sum, p) => sum + p, 0), 9);
    }
  });

  test('do not overflow for thousands of servers', () => {
    expect(erlangB(10_000, 9_900)).toBeGreaterThan(0.001);
    expect(erlangB(10_000, 9_900)).toBeLessThan(0.01);
  });
});

describe('M/M/c', () => {
  test('with one worker is M/M/1', () => {
    const one = mmc({ workers: 1, rate: 0.07, service: 10 });
    expect(one.meanSojourn).toBeCloseTo(10 / 0.3, 9);
    expect(one.queue).toBeCloseTo(0.49 / 0.3, 9);
    expect(one.sojournQuantile(0.95)).toBeCloseTo((Math.log(20) * 10) / 0.3, 6);
    expect(one.waitQuantile(0.95)).toBeCloseTo((Math.log(0.7 * 20) * 10) / 0.3, 6);
    expect(one.waitQuantile(0.2)).toBe(0);
  });

  test('with a spare rate equal to the service rate is not a division by zero', () => {
    const even = mmc({ workers: 2, rate: 0.1, service: 10 });
    const near = mmc({ workers: 2, rate: 0.1 + 1e-7, service: 10 });
    expect(even.sojournQuantile(0.9)).toBeCloseTo(near.sojournQuantile(0.9), 3);
  });

  test('has the mean of its own tail', () => {
    const figures = mmc({ workers: 4, rate: 0.3, service: 10 });
    let sum = 0;
    const steps = 20_000;
    for (let i = 0; i < steps; i++) sum += figures.sojournQuantile((i + 0.5) / steps) / steps;
    expect(sum / figures.meanSojourn).toBeCloseTo(1, 3);
  });

  test('is refused when it never settles', () => {
    expect(() => mmc({ workers: 2, rate: 0.2, service: 10 })).toThrow(RangeError);
    expect(() => mg1({ rate: 0.1, service: 10, cv: 1 })).toThrow(RangeError);
  });
});

describe('M/G/1', () => {
  test('with exponential service is M/M/1, and with constant service waits half as long', () => {
    const load = { rate: 0.07, service: 10 };
    const exponential = mmc({ workers: 1, ...load });
    expect(mg1({ ...load, cv: 1 }).meanWait).toBeCloseTo(exponential.meanWait, 9);
    expect(mg1({ ...load, cv: 1 }).queue).toBeCloseTo(exponential.queue, 9);
    expect(mg1({ ...load, cv: 0 }).meanWait).toBeCloseTo(exponential.meanWait / 2, 9);
  });
});

describe('M/M/1/K', () => {
  test('agrees with the chain it comes from, overloaded too', () => {
    for (const load of [0.3, 0.9, 1, 1.5, 4]) {
      const shares = chain(load, 1, 6);
      const { loss, number, utilisation } = mm1k({ rate: load / 10, service: 10, room: 6 });
      expect(loss).toBeCloseTo(shares[6]!, 12);
      expect(utilisation).toBeCloseTo(1 - shares[0]!, 12);
      expect(number).toBeCloseTo(
        shares.reduce((sum, p, n) => sum + n * p, 0),
        12,
      );
    }
  });

  test('with room for one is Erlang B, with room for very many M/M/1', () => {
    expect(mm1k({ rate: 0.07, service: 10, room: 1 }).loss).toBeCloseTo(erlangB(1, 0.7), 12);
    const roomy = mm1k({ rate: 0.07, service: 10, room: 500 });
    expect(roomy.meanSojourn).toBeCloseTo(10 / 0.3, 9);
    expect(mm1k({ rate: 0.2, service: 10, room: 2000 }).loss).toBeCloseTo(0.5, 9);
  });
});
