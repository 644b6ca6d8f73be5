import { seededRandom } from 'holdfast';
import { describe, expect, it, vi } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { Recorder } from './recorder.ts';
import { simulate } from './simulate.ts';
import { timelineOf } from './timeline.ts';
import { triggerOf, withoutTrigger } from './trigger.ts';
import { judge, verdictOf } from './verdict.ts';
import type { Goodput } from './windows.ts';

/** A share of good answers at each second of a run of 400; 100 requests a second. */
function series(goodAt: (second: number) => number, duration = 400): Goodput {
  const cohorts = Array.from({ length: duration * 10 }, (_, i) => ({
    arrivals: 10,
    open: 0,
    good: 10 * goodAt(i / 10),
  }));
  return { cohorts, cohortLength: 100, warmUp: 10_000, duration: duration * 1000 };
}

/** One request a second, for 400 seconds. */
function sparse(goodAt: (second: number) => boolean): Goodput {
  const { cohorts, ...rest } = series(() => 1);
  const one = (i: number) => ({ arrivals: 1, open: 0, good: goodAt(i / 10) ? 1 : 0 });
  const none = { arrivals: 0, open: 0, good: 0 };
  return { ...rest, cohorts: cohorts.map((_, i) => (i % 10 === 0 ? one(i) : none)) };
}

const fault = { from: 50_000, to: 60_000 };
const inFault = (second: number): boolean => second >= 50 && second < 60;
const sometimes = (second: number): boolean => second % 10 !== 3;
/** All is lost with a fault that takes no time. */
const flushed = (second: number): string =>
  judge(
    series((s) => (s >= second ? 0 : 1)),
    { from: second * 1000, to: second * 1000 },
  ).kind;
const kindOf = (goodAt: (second: number) => boolean): string => judge(sparse(goodAt), fault).kind;

describe('one series of goodput', () => {
  it('is stable while it stays at 95 % of what it was', () => {
    expect(
      judge(
        series((s) => (inFault(s) ? 0.95 : 1)),
        fault,
      ),
    ).toEqual({ kind: 'stable', recovery: 0 });
    const before = series((s) => (s < 50 ? 0.5 : 0.48));
    expect(judge(before, fault).kind).toBe('stable');
  });

  it('is not stable where nothing was ever good: there was nothing to lose', () => {
    const never = judge(
      series(() => 0),
      fault,
    );
    expect(never).toEqual({ kind: 'unsettled', recovery: null });
    expect(
      judge(
        series(() => 0),
        null,
      ).kind,
    ).toBe('unsettled');
  });

  it('is not stable where nobody has an answer when the run ends: who knows?', () => {
    const waiting = series(() => 0);
    const open = waiting.cohorts.map(({ arrivals }) => ({ arrivals, open: arrivals, good: 0 }));
    const unknown = { ...waiting, cohorts: open };
    expect(judge(unknown, null)).toEqual({ kind: 'unsettled', recovery: null });
    const idle = open.map(() => ({ arrivals: 0, open: 0, good: 0 }));
    expect(judge({ ...waiting, cohorts: idle }, null).kind).toBe('stable');
  });

  it('does not mind less than a second', () => {
    expect(
      judge(
        series((s) => (s >= 55 && s < 55.05 ? 0.5 : 1)),
        fault,
      ).kind,
    ).toBe('stable');
    const blink = series((s) => (s >= 50 && s < 50.05 ? 0.5 : 1));
    expect(judge(blink, { from: 50_000, to: 50_100 }).kind).toBe('stable');
  });

  it('does not look at the warm-up', () => {
    const cold = series((s) => (s < 10 ? 0 : 1));
    expect(judge(cold, fault).kind).toBe('stable');
  });

  it('is degraded when it was below, and that was over with the fault', () => {
    expect(
      judge(
        series((s) => (inFault(s) ? 0.5 : 1)),
        fault,
      ),
    ).toEqual({ kind: 'degraded', recovery: 0 });
  });

  it('takes no time to recover from a fault that ends within a cohort', () => {
    const refused = series((s) => (Math.floor(s * 10) === 500 ? 0 : 1));
    const brief = { from: 50_010, to: 50_060 };
    expect(judge(refused, brief)).toEqual({ kind: 'degraded', recovery: 0 });
  });

  it('recovers from the moment at which it stays at 95 %', () => {
    const { kind, recovery } = judge(
      series((s) => (s >= 50 && s < 80 && Math.floor(s) !== 65 ? 0.2 : 1)),
      fault,
    );
    expect(kind).toBe('recovers');
    expect(recovery).toBeGreaterThanOrEqual(19_000);
    expect(recovery).toBeLessThanOrEqual(20_000);
  });

  it('has collapsed when it is below 90 % in the whole last half of a long horizon', () => {
    expect(
      judge(
        series((s) => (s >= 50 ? 0.89 : 1)),
        fault,
      ).kind,
    ).toBe('collapsed');
    expect(
      judge(
        series((s) => (s >= 50 ? 0.92 : 1)),
        fault,
      ).kind,
    ).toBe('unsettled');
    const flicker = series((s) => (s >= 50 && Math.floor(s) !== 300 ? 0.3 : 1));
    expect(judge(flicker, fault).kind).toBe('unsettled');
  });

  it('is unsettled when the horizon is shorter than 20 times the fault', () => {
    const long = { from: 50_000, to: 70_000 };
    expect(
      judge(
        series((s) => (s >= 50 ? 0 : 1)),
        long,
      ).kind,
    ).toBe('unsettled');
    expect(
      judge(
        series((s) => (s >= 50 ? 0 : 1), 471),
        long,
      ).kind,
    ).toBe('collapsed');
  });

  it('does not count the time between two faults as that of a fault', () => {
    const lost = series((s) => (s >= 50 ? 0 : 1));
    const two = { from: 50_000, to: 70_000, calm: 5000 };
    expect(judge(lost, two).kind).toBe('collapsed');
    expect(judge(lost, { ...two, calm: 3000 }).kind).toBe('unsettled');
  });

  it('is no collapse some moments after a fault that took none', () => {
    expect([380, 381, 398].map(flushed)).toEqual(['collapsed', 'unsettled', 'unsettled']);
  });

  it('is degraded at most under a fault that never ends', () => {
    const judged = judge(
      series((s) => (s >= 50 ? 0 : 1)),
      { from: 50_000, to: 400_000 },
    );
    expect(judged).toEqual({ kind: 'degraded', recovery: null });
  });

  it('does not take chance for a failure', () => {
    const random = seededRandom(1);
    for (const share of [0.5, 0.9, 0.99, 0.999]) {
      const cohorts = Array.from({ length: 20_000 }, () => {
        let good = 0;
        for (let i = 0; i < 10; i++) if (random.next() < share) good++;
        return { arrivals: 10, open: 0, good };
      });
      const goodput = { cohorts, cohortLength: 100, warmUp: 0, duration: 2_000_000 };
      expect(judge(goodput, { from: 1_000_000, to: 1_010_000 }).kind).toBe('stable');
    }
  });

  it('sees in few requests what lasts, what is sharp, and what is over', () => {
    expect(kindOf(sometimes)).toBe('stable');
    expect(kindOf((s) => s < 50 && sometimes(s))).toBe('collapsed');
    expect(kindOf((s) => (s < 50 ? sometimes(s) : s % 2 === 0))).toBe('collapsed');
    // 20 in a row are no chance in a collapse, 3 are.
    expect(kindOf((s) => s < 50 || (s >= 300 && s < 320))).toBe('unsettled');
    expect(kindOf((s) => s < 50 || (s >= 300 && s < 303))).toBe('collapsed');
    expect(kindOf((s) => !inFault(s))).toBe('degraded');
    expect(kindOf((s) => s < 50 || s >= 80)).toBe('recovers');
    expect(kindOf((s) => s < 50 || s >= 397)).toBe('collapsed');
  });

  it('knows where to look: at the fault, though only four came in it', () => {
    const short = { from: 50_000, to: 54_000 };
    const during = sparse((s) => s < 50 || s >= 54);
    expect(judge(during, short)).toEqual({ kind: 'degraded', recovery: 0 });
    const later = sparse((s) => s < 90 || s >= 94);
    expect(judge(later, short)).toEqual({ kind: 'stable', recovery: 0 });
  });

  it('does not judge times in which nobody came, nor requests whose end is not known', () => {
    const { cohorts, ...rest } = series(() => 1);
    const deserted = cohorts.map((cohort, i) =>
      i > 600 ? { arrivals: 0, open: 0, good: 0 } : cohort,
    );
    expect(judge({ ...rest, cohorts: deserted }, fault).kind).toBe('stable');
    const open = cohorts.map((cohort, i) =>
      i > 3990 ? { arrivals: 10, open: 10, good: 0 } : cohort,
    );
    expect(judge({ ...rest, cohorts: open }, fault).kind).toBe('stable');
  });
});

const fleet = fleetOf({
  name: 'shop',
  services: { web: {} },
  users: { shoppers: { to: 'web', rate: 10, patience: '1s' } },
  scenarios: {
    outage: {
      duration: '400s',
      warmUp: '10s',
      faults: [{ outage: 'web', from: '50s', for: '10s' }],
    },
    spike: {
      duration: '400s',
      load: {
        shoppers: {
          rate: [
            { at: 0, rate: 10 },
            { at: '50s', rate: 90 },
            { at: '60s', rate: 10 },
          ],
        },
      },
    },
    growth: {
      duration: '400s',
      load: {
        shoppers: {
          rate: [
            { at: 0, rate: 10 },
            { at: '50s', rate: 90 },
          ],
        },
      },
    },
    calm: { duration: '400s' },
  },
});
const outage = fleet.scenarios.get('outage')!;

function recorded(goodAt: (second: number) => boolean): Recorder {
  const recorder = new Recorder(fleet, timelineOf(outage));
  for (let now = 0; now < 400_000; now += 10) {
    recorder.userArrived('shoppers', now);
    recorder.userAnswered('shoppers', now, now, goodAt(now / 1000));
  }
  recorder.finish();
  return recorder;
}

describe('a verdict', () => {
  const trigger = triggerOf(fleet, outage);

  it('is metastable only if a run without the fault is stable', () => {
    const collapsed = recorded((s) => s < 50);
    expect(verdictOf(collapsed, trigger, () => recorded(() => true)).kind).toBe('metastable');
    expect(verdictOf(collapsed, trigger, () => recorded((s) => s < 300)).kind).toBe('unsettled');
  });

  it('does not run without the fault when it need not', () => {
    const undisturbed = vi.fn<() => Recorder>(() => recorded(() => true));
    const verdict = verdictOf(
      recorded((s) => s < 50 || s >= 70),
      trigger,
      undisturbed,
    );
    expect(verdict.kind).toBe('recovers');
    expect(Math.abs(verdict.after! - 10_000)).toBeLessThanOrEqual(200);
    expect(undisturbed).not.toHaveBeenCalled();
  });
});

describe('a verdict on a fleet that always fails some requests', () => {
  const some = { web: { workers: 10, failures: '10%' } };
  const steady = fleetOf({
    services: some,
    users: { shoppers: { to: 'web', rate: 20, policy: 'none' } },
    scenarios: {
      calm: { duration: '2m', warmUp: '10s' },
      idle: {
        duration: '2m',
        warmUp: '10s',
        faults: [{ latency: 'web', times: 1, from: '40s', for: '5s' }],
      },
    },
  });

  it.each(['calm', 'idle'])(
    'is stable whatever the seed, without a fault that acts: %s',
    (name) => {
      const kinds = new Set<string>();
      for (let seed = 1; seed <= 40; seed++) {
        kinds.add(simulate(steady, { scenario: name, lane: 'holdfast', seed }).verdict.kind);
      }
      expect([...kinds]).toEqual(['stable']);
    },
  );
});

describe('a verdict without a fault', () => {
  const spike = triggerOf(fleet, fleet.scenarios.get('spike')!);
  const verdict = (goodAt: (second: number) => boolean): string =>
    verdictOf(recorded(goodAt), spike, () => recorded(() => true)).kind;

  it('is never that it recovers: too much load is no fault', () => {
    expect(verdict(() => true)).toBe('stable');
    expect(verdict((s) => s < 50 || s >= 60)).toBe('degraded');
    expect(verdict((s) => s < 50 || s >= 70)).toBe('degraded');
    expect(verdict((s) => s < 50)).toBe('metastable');
  });
});

describe('a trigger', () => {
  it('lasts from the first fault to the last', () => {
    expect(triggerOf(fleet, outage)).toEqual({ from: 50_000, to: 60_000, kind: 'fault' });
    expect(withoutTrigger(fleet, outage).faults).toEqual([]);
  });

  it('is the time of another load, if there is no fault', () => {
    const of = (name: string) => triggerOf(fleet, fleet.scenarios.get(name)!);
    expect(of('spike')).toEqual({ from: 50_000, to: 60_000, kind: 'load' });
    expect(of('growth')).toEqual({ from: 50_000, to: 400_000, kind: 'load' });
    expect(of('calm')).toBeNull();
    const calm = withoutTrigger(fleet, fleet.scenarios.get('spike')!);
    expect(triggerOf(fleet, calm)).toBeNull();
  });
});
