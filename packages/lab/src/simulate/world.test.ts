import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  fixed,
  poisson,
  Witness,
  run,
  service,
  type Setting,
  users,
  worldOf,
} from '../../test/worlds.ts';

const fleet = (seed: number, extra = false): Setting => ({
  services: [
    service('web', {
      replicas: 2,
      workers: 20,
      serviceTime: { kind: 'lognormal', mean: 5, cv: 1 },
      stages: [[edge('web', 'db', { options: {}, times: 1.5 })]],
    }),
    service('db', { workers: 4, serviceTime: { kind: 'exponential', mean: 10 }, failures: 0.1 }),
    ...(extra ? [service('other')] : []),
  ],
  users: [
    users('web', poisson(200), { options: {} }),
    ...(extra ? [users('other', poisson(50), {}, 'others')] : []),
  ],
  faults: [{ kind: 'latency', on: 'db', from: 2000, to: 4000, times: 5, plus: null }],
  duration: 8000,
  seed,
});

describe('a run', () => {
  test('with the same seed tells the same, with another one something else', () => {
    const { told } = run(fleet(1));
    expect(told.length).toBeGreaterThan(10_000);
    expect(run(fleet(1)).told).toEqual(told);
    expect(run(fleet(2)).told).not.toEqual(told);
  });

  test('can be continued in any steps', () => {
    const witness = new Witness();
    const world = worldOf(fleet(1), witness.probe);
    for (let until = 0; until <= 8000; until += 37) world.run(until);
    world.run(8000);
    expect(witness.told).toEqual(run(fleet(1)).told);
    expect(world.now).toBe(8000);
    expect(world.events).toBeGreaterThan(5000);
  });

  test('is the same in one part, whatever is added in another', () => {
    const others = new Set(['other', 'others', 'others > other']);
    const both = run(fleet(1, true)).told.filter(([, subject]) => !others.has(String(subject)));
    expect(both).toEqual(run(fleet(1)).told);
  });
});

/** Means over time and requests, from what a probe is told after a warm-up. */
function queueFigures(told: Witness, from: number, to: number) {
  let area = 0;
  let last = from;
  let present = 0;
  for (const [now, waiting, busy] of told.of('loadChanged', 'web') as number[][]) {
    if (now! > from) {
      area += present * (now! - last);
      last = now!;
    }
    present = waiting! + busy!;
  }
  area += present * (to - last);
  const answered = (told.of('userAnswered') as number[][]).filter(([, since]) => since! > from);
  const time = answered.reduce((sum, [now, since]) => sum + now! - since!, 0);
  const arrivals = told.times('userArrived').filter((at) => at > from).length;
  return {
    l: area / (to - from),
    lambda: arrivals / (to - from),
    w: time / answered.length,
  };
}

describe('theory', () => {
  test('Little’s law holds, and an M/M/1 queue takes 1 / (mu - lambda)', () => {
    const duration = 2_000_000;
    const told = run({
      services: [service('web', { serviceTime: { kind: 'exponential', mean: 10 } })],
      users: [users('web', poisson(50))],
      duration,
    });
    const { l, lambda, w } = queueFigures(told, 20_000, duration);
    expect(Math.abs(l / (lambda * w) - 1)).toBeLessThan(0.01);
    expect(Math.abs(w / 20 - 1)).toBeLessThan(0.05);
  });

  test('three layers of four attempts send (1 - p^64) / (1 - p) requests to what fails', () => {
    const four = {
      options: {
        ...BARE,
        retry: { maxAttempts: 4, budget: false, backoff: { base: 0 } },
      } as const,
    };
    const layer = (name: string, next: string) =>
      service(name, { workers: 1e6, serviceTime: fixed(0), stages: [[edge(name, next, four)]] });
    const told = run({
      services: [
        layer('a', 'b'),
        layer('b', 'leaf'),
        service('leaf', { workers: 1e6, failures: 0.9, serviceTime: fixed(1) }),
      ],
      users: [users('a', poisson(50), four)],
    });
    const sent = told.count('requestArrived', 'leaf') / told.count('userArrived');
    expect(Math.abs(sent / ((1 - 0.9 ** 64) / 0.1) - 1)).toBeLessThan(0.05);
  });
});
