import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { measure } from './expectations.ts';
import { resultOf } from './figures.ts';
import { Recorder } from './recorder.ts';
import type { RunResult } from './result.ts';
import { simulate } from './simulate.ts';
import { phaseAt, segmentsOf, timelineOf } from './timeline.ts';

const fleet = fleetOf({
  name: 'shop',
  services: {
    web: { workers: 2, replicas: 2, cache: { hitRate: 0.9, keys: 10 }, calls: [{ to: 'disk' }] },
    disk: {},
  },
  users: { shoppers: { to: 'web', rate: 10, patience: '2s' } },
  scenarios: {
    outage: {
      duration: '100s',
      warmUp: '10s',
      faults: [{ outage: 'web', from: '40s', for: '10s' }],
    },
    calm: { duration: '100s', warmUp: '10s' },
    moments: {
      duration: '100s',
      warmUp: '0s',
      faults: [{ 'cache-flush': 'web', from: '40s' }],
    },
    deploy: { duration: '100s', faults: [{ deploy: 'web', away: '5s', from: '40s' }] },
  },
});

function record(tell: (recorder: Recorder) => void, name = 'outage'): RunResult {
  const scenario = fleet.scenarios.get(name)!;
  const recorder = new Recorder(fleet, timelineOf(scenario));
  tell(recorder);
  recorder.finish();
  return resultOf({
    scenario,
    lane: 'holdfast',
    seed: 1,
    recorder,
    events: 0,
    trigger: null,
    verdict: { kind: 'stable', after: null },
    judgedUntil: null,
    recoveries: [0],
  });
}

const names = (name: string) => timelineOf(fleet.scenarios.get(name)!).phases;

describe('a timeline', () => {
  it('has about 200 round steps, whatever the duration', () => {
    for (const duration of ['1s', '30s', '2m', '10m', '1h', '8h', '777s']) {
      const long = fleetOf({
        services: { web: {} },
        users: { callers: { to: 'web', rate: 1 } },
        name: 'x',
        scenarios: { a: { duration, warmUp: 0 } },
      });
      const { points, step } = timelineOf(long.scenarios.get('a')!);
      expect(points).toBeGreaterThanOrEqual(130);
      expect(points).toBeLessThanOrEqual(300);
      expect([1, 2, 2.5, 5]).toContain(
        Number((step / 10 ** Math.floor(Math.log10(step))).toPrecision(6)),
      );
    }
  });

  it('divides a run into before, during and after the faults', () => {
    const phases = timelineOf(fleet.scenarios.get('outage')!).phases;
    expect(phases).toEqual([
      { name: 'before', from: 10_000, to: 40_000 },
      { name: 'fault', from: 40_000, to: 50_000 },
      { name: 'after', from: 50_000, to: 100_000 },
    ]);
    expect(timelineOf(fleet.scenarios.get('calm')!).phases).toEqual([
      { name: 'before', from: 10_000, to: 100_000 },
    ]);
  });

  it('knows when faults are over that are stated to last to the end', () => {
    expect(names('moments').map(({ name, to }) => [name, to])).toEqual([
      ['before', 40_000],
      ['after', 100_000],
    ]);
    expect(names('deploy')[1]).toEqual({ name: 'fault', from: 40_000, to: 50_000 });
  });

  it('has segments without a gap, each within one point and one phase', () => {
    const timeline = timelineOf(fleet.scenarios.get('outage')!);
    let from = 0;
    for (const { to, point, phase } of segmentsOf(timeline)) {
      const middle = (from + to) / 2;
      expect(point).toBe(Math.floor(middle / timeline.step));
      expect(phase).toBe(phaseAt(timeline, middle));
      from = to;
    }
    expect(from).toBe(100_000);
  });
});

describe('a recorder', () => {
  it('counts users in the phase in which they came, and leaves the warm-up out', () => {
    const run = record((probe) => {
      probe.userArrived('shoppers', 5000);
      probe.userAnswered('shoppers', 5100, 5000, true);
      probe.userArrived('shoppers', 39_900);
      probe.userAnswered('shoppers', 41_000, 39_900, false);
      probe.userArrived('shoppers', 45_000);
      probe.userAnswered('shoppers', 50_500, 45_000, true);
    });
    const [users] = run.users;
    expect(users!.total).toMatchObject({ arrivals: 2, goodput: 0.5 });
    expect(users!.byPhase['before']).toMatchObject({ arrivals: 1, goodput: 0 });
    expect(users!.byPhase['fault']).toMatchObject({ arrivals: 1, goodput: 1 });
    expect(users!.byPhase['after']).toMatchObject({ arrivals: 0, goodput: null, p99: null });
    expect(users!.byPhase['before']!.p50! / 1100).toBeCloseTo(1, 1);
  });

  it('has a point for each step: rates a second, and percentiles of those who came in it', () => {
    const run = record((probe) => {
      probe.userArrived('shoppers', 20_000);
      probe.userArrived('shoppers', 20_100);
      probe.userAnswered('shoppers', 20_700, 20_000, true);
      probe.userAnswered('shoppers', 20_800, 20_100, false);
    });
    expect(run.step).toBe(500);
    const { arrivals, goodput, p50 } = run.users[0]!.series;
    expect(arrivals).toHaveLength(200);
    expect([arrivals[39], arrivals[40], arrivals[41]]).toEqual([0, 4, 0]);
    expect(goodput[40]).toBe(2);
    expect(p50[40]! / 700).toBeCloseTo(1, 1);
    expect(p50[41]).toBeNull();
  });

  it('takes requests that were never answered for the slowest, whose time is not known', () => {
    const run = record((probe) => {
      for (let i = 0; i < 10; i++) {
        probe.userArrived('shoppers', 20_000);
        if (i < 8) probe.userAnswered('shoppers', 20_100 + 100 * i, 20_000, true);
      }
    });
    const [{ total, series }] = run.users as [RunResult['users'][number]];
    expect(total.p50! / 500).toBeCloseTo(1, 1);
    expect([total.p95, total.p99]).toEqual([null, null]);
    expect(series.p50[40]).toBe(total.p50);
    expect(series.p99[40]).toBeNull();
  });

  it('takes requests that still have time at the end neither for good nor for lost', () => {
    const run = record((probe) => {
      probe.userArrived('shoppers', 60_000);
      probe.userArrived('shoppers', 98_500);
      probe.userArrived('shoppers', 98_600);
      probe.userAnswered('shoppers', 98_700, 98_600, true);
    });
    // One is lost, one good, one open.
    expect(run.users[0]!.total).toMatchObject({ arrivals: 3, goodput: 0.5 });
    expect(run.users[0]!.series.goodput[197]).toBe(4);
  });

  it('knows nothing of goodput where nobody could have an answer yet', () => {
    const run = record((probe) => probe.userArrived('shoppers', 99_000));
    expect(run.users[0]!.total).toMatchObject({ arrivals: 1, goodput: null });
    expect(run.users[0]!.byPhase['after']).toMatchObject({ arrivals: 1, goodput: null });
    expect(measure(run, { measure: 'goodput', at: null, during: 'after' })).toBeNull();
  });

  it('knows how long answers took although the last requests have none when the run ends', () => {
    const run = record((probe) => {
      for (let i = 0; i < 10; i++) {
        const at = 99_100 + 90 * i;
        probe.userArrived('shoppers', at);
        if (i < 5) probe.userAnswered('shoppers', at + 500, at, true);
      }
    });
    const [{ total, series }] = run.users as [RunResult['users'][number]];
    expect(total.p99! / 500).toBeCloseTo(1, 1);
    expect(series.p99[198]! / 500).toBeCloseTo(1, 1);
    // Of those who came last nothing is known, not that they were lost.
    expect(series.arrivals.slice(198)).toEqual([10, 10]);
    expect(series.goodput.slice(197)).toEqual([0, 10, null]);
  });

  it('does not leave out of percentiles who has waited longer when the run ends', () => {
    const run = record((probe) => {
      for (let i = 0; i < 10; i++) {
        probe.userArrived('shoppers', 98_500);
        if (i < 8) probe.userAnswered('shoppers', 98_600, 98_500, true);
      }
    });
    const [{ total, series }] = run.users as [RunResult['users'][number]];
    expect(total.p50! / 100).toBeCloseTo(1, 1);
    expect([total.p95, total.p99, series.p99[197]]).toEqual([null, null, null]);
  });

  it('has percentiles that rise, whoever still waits when the run ends', () => {
    const run = record((probe) => {
      for (let i = 0; i < 120; i++) probe.userArrived('shoppers', i < 100 ? 60_000 : 99_400);
      for (let i = 0; i < 98; i++) probe.userAnswered('shoppers', 60_100, 60_000, true);
      for (let i = 0; i < 2; i++) probe.userAnswered('shoppers', 61_000, 60_000, true);
    });
    const { p50, p95, p99 } = run.users[0]!.total;
    expect(p50! / 100).toBeCloseTo(1, 1);
    // 20 have waited for 600 ms. So less than 95 % had no more than 100; and nobody more than 1000.
    expect(p95! / 1000).toBeCloseTo(1, 1);
    expect(p99).toBe(p95);
  });

  it('knows what reached a service, and what would have without retries', () => {
    const run = record((probe) => {
      probe.requestArrived('web', 20_000, true);
      for (let i = 0; i < 3; i++) probe.requestArrived('web', 20_010, false);
      probe.requestRejected('web', 20_020, 'sheddable', 20);
      probe.requestServed('web', 20_100, 20, false, 'none');
      probe.requestServed('web', 20_200, 10, true, 'duplicate');
      probe.requestServed('web', 20_300, 10, false, 'recognised');
      probe.requestArrived('web', 60_000, true);
    });
    const { total, byPhase, series } = run.services[0]!;
    expect(total).toMatchObject({
      arrivals: 5,
      amplification: 2.5,
      rejected: 1,
      rejectedBy: { critical_plus: 0, critical: 0, sheddable_plus: 0, sheddable: 1 },
      wasted: 0.5,
      duplicates: 1,
      recognised: 1,
    });
    expect(byPhase['before']!.amplification).toBe(4);
    expect(byPhase['fault']!.amplification).toBeNull();
    expect(series.amplification[40]).toBe(4);
  });

  it('weighs queues and work by time, across points and phases', () => {
    const run = record((probe) => {
      probe.loadChanged('web', 5000, 2, 4);
      probe.loadChanged('web', 40_250, 8, 1);
      probe.loadChanged('web', 45_000, 0, 0);
      probe.loadChanged('web', 95_000, 3, 3);
    });
    const { byPhase, series, total } = run.services[0]!;
    expect(byPhase['before']).toMatchObject({ queue: 2, queueMax: 2, utilisation: 1 });
    expect(byPhase['fault']!.queue).toBeCloseTo((0.25 * 2 + 4.75 * 8) / 10, 6);
    expect(byPhase['fault']!.queueMax).toBe(8);
    expect(byPhase['after']).toMatchObject({ queue: 0.3, queueMax: 3 });
    expect(series.queue.slice(79, 82)).toEqual([2, 5, 8]);
    expect(series.busy.at(-1)).toBe(3);
    const waited = 30 * 2 + 0.25 * 2 + 4.75 * 8 + 5 * 3;
    expect(total.queue).toBeCloseTo(waited / 90, 5);
  });

  it('counts calls, attempts and verdicts on an edge', () => {
    const edge = 'shoppers > web';
    const run = record((probe) => {
      probe.callStarted(edge, 20_000);
      probe.attemptStarted(edge, 20_000, 1);
      probe.attemptEnded(edge, 20_050, 50, 'transient');
      probe.attemptStarted(edge, 20_050, 2);
      probe.attemptEnded(edge, 20_100, 50, 'success');
      probe.callEnded(edge, 20_100, 20_000, true, 2);
      probe.callStarted(edge, 20_200);
      probe.callEnded(edge, 20_200, 20_200, false, 0);
      probe.sample(edge, { open: 0.5, budget: 0.25, inFlight: 7 });
      probe.callStarted(edge, 45_000);
      probe.callEnded(edge, 45_000, 45_000, false, 0);
    });
    const { total, byPhase, series } = run.edges[0]!;
    expect(total).toMatchObject({ calls: 3, attempts: 2, failures: 2, refused: 2 });
    expect(total.verdicts).toEqual({ transient: 1, success: 1 });
    expect(byPhase['before']!.attemptsPerCall).toBe(1);
    // A call that was refused took no time, and says nothing of how long calls take.
    expect(byPhase['before']!.p50! / 100).toBeCloseTo(1, 1);
    expect(byPhase['after']!.attemptsPerCall).toBeNull();
    expect([series.open[0], series.budget[0], series.inFlight[0]]).toEqual([0.5, 0.25, 7]);
    expect(series.attempts[40]).toBe(4);
    expect(run.work).toMatchObject({ calls: 3, attempts: 2 });
  });

  it('counts what became of a call where it began, and a call that hangs as failed', () => {
    const edge = 'shoppers > web';
    const { total, byPhase } = record((probe) => {
      probe.callStarted(edge, 45_000);
      probe.callStarted(edge, 46_000);
      probe.callEnded(edge, 55_000, 45_000, false, 1);
      probe.callStarted(edge, 60_000);
      probe.callEnded(edge, 60_010, 60_000, true, 1);
      // Shoppers wait for two seconds: this one may still be well.
      probe.callStarted(edge, 99_000);
      probe.callStarted(edge, 99_100);
      probe.callEnded(edge, 99_110, 99_100, true, 1);
    }).edges[0]!;
    expect(byPhase['fault']).toMatchObject({
      calls: 2,
      failures: 2,
      open: 0,
      p99: null,
    });
    expect(byPhase['after']).toMatchObject({ calls: 3, failures: 0, open: 1 });
    expect(total).toMatchObject({ calls: 5, failures: 2, open: 1, p99: null });
  });

  it('knows which calls hang, however many others came after them', () => {
    const edge = 'shoppers > web';
    const { byPhase } = record((probe) => {
      for (let call = 0; call < 10; call++) probe.callStarted(edge, 60_000);
      for (let call = 0; call < 20; call++) {
        probe.callStarted(edge, 99_500);
        probe.callEnded(edge, 99_500, 99_500, false, 0);
      }
    }).edges[0]!;
    expect(byPhase['after']).toMatchObject({ calls: 30, failures: 30, refused: 20, open: 0 });
  });

  it('counts the end of a call where it counted its beginning, whatever subtraction loses', () => {
    for (const rate of [3, 9, 60]) {
      const steady = fleetOf({
        services: { web: {} },
        users: { shoppers: { to: 'web', rate, arrivals: 'constant' } },
        scenarios: {
          slow: {
            duration: '40s',
            warmUp: '1s',
            faults: [{ latency: 'web', times: 1.1, from: '7s', for: '5s' }],
          },
        },
      });
      const [edge] = simulate(steady, { scenario: 'slow', lane: 'holdfast', seed: 1 }).edges;
      const all = [edge!.total, ...Object.values(edge!.byPhase)];
      expect(all.map(({ failures }) => failures)).toEqual([0, 0, 0, 0]);
      expect(all.map(({ p99 }) => p99)).not.toContain(null);
    }
  });

  it('forgets nothing that it must know, and refuses what it does not', () => {
    expect(() => record((probe) => probe.userArrived('nobody', 1))).toThrow("'nobody'");
  });

  it('is plain JSON', () => {
    const run = record((probe) => probe.loadChanged('web', 1000, 1, 1));
    expect(JSON.parse(JSON.stringify(run))).toEqual(run);
  });
});
