import { describe, expect, test } from 'vitest';
import { exitCodeOf, judge } from './judge.ts';
import { type Figures, figuresOf, type LaneRecord, percentile, type Recording } from './measure.ts';
import { arrivalsOf, LANES, type LaneName, lengthOf, phaseAt, planOf, startOf } from './plan.ts';
import type { Sample } from './process.ts';

const plan = planOf(1, 10);
const arrivals = arrivalsOf(plan);
const back = startOf(plan, 'back');
const phaseOf = (at: number): string => plan.phases[phaseAt(plan, at)]!.name;
const isOutage = (at: number): boolean => ['slow', 'down'].includes(phaseOf(at));

const naiveSample = (at: number): Sample =>
  phaseOf(at) === 'healthy' ? [at, 30, true] : [at, 2000, false];
const holdfastSample = (at: number): Sample =>
  isOutage(at) || (at >= back && at < back + 2500) ? [at, 20, false] : [at, 30, true];

function laneOf(sample: (at: number) => Sample, doubled: number): LaneRecord {
  const attempts = plan.phases.map(() => 100);
  const samples = arrivals.map(sample);
  return { samples, attempts, caught: 0, doubled, inFlight: 0, breaker: 'closed' };
}

/** A run that went well: naive stays down, holdfast refuses quickly and is back after 2.5 s. */
function goodRun(): Recording {
  const lanes = { naive: laneOf(naiveSample, 900), holdfast: laneOf(holdfastSample, 0) };
  return { plan, arrivals, lanes, lateness: 2, stalls: { load: 20 } };
}

/** What the judge says of a run in which one thing went wrong. */
function broken(change: (run: Recording) => void): { fails: string[]; doubts: readonly string[] } {
  const run = goodRun();
  change(run);
  const { promises, doubts } = judge(figuresOf(run));
  return { fails: promises.filter(({ holds }) => !holds).map(({ name }) => name), doubts };
}

function resample(lane: LaneName, change: (sample: Sample) => Sample): (run: Recording) => void {
  return ({ lanes }) => (lanes[lane].samples = lanes[lane].samples.map(change));
}

const standStill = ({ stalls }: Recording): void => void (stalls['shop-holdfast'] = 300);
const breakOne = ({ lanes }: Recording): void => void (lanes.holdfast.doubled = 1);

describe('the judge', () => {
  test('finds nothing wrong with a good run', () => {
    const verdict = judge(figuresOf(goodRun()));
    expect(verdict.promises.filter(({ holds }) => !holds)).toEqual([]);
    expect(verdict.doubts).toEqual([]);
    expect(exitCodeOf(verdict)).toBe(0);
  });

  /** One planted defect for each promise. */
  const defects: Record<string, (run: Recording) => void> = {
    'goodput-healthy': resample('holdfast', ([at, latency, paid]) => [
      at,
      latency,
      paid && (at > 100 || phaseOf(at) !== 'healthy'),
    ]),
    'p99-healthy': resample('holdfast', ([at, latency, paid]) => [
      at,
      phaseOf(at) === 'healthy' && at < 200 ? 501 : latency,
      paid,
    ]),
    attempts: ({ lanes }) => (lanes.holdfast.attempts = plan.phases.map(() => 200)),
    'p99-down': resample('holdfast', ([at, latency, paid]) => [
      at,
      phaseOf(at) === 'down' ? 600 : latency,
      paid,
    ]),
    'longest-wait': ({ lanes: { holdfast } }) => (holdfast.samples[3] = [arrivals[3]!, 2600, true]),
    recovery: resample('holdfast', ([at, latency, paid]) => [
      at,
      latency,
      paid && (at < back || at > back + 4800),
    ]),
    'recovery-first': resample('naive', ([at, latency, paid]) =>
      at > back + 1000 ? [at, 30, true] : [at, latency, paid],
    ),
    'goodput-after': resample('holdfast', ([at, latency, paid]) => [
      at,
      latency,
      paid && !(phaseOf(at) === 'after' && at < startOf(plan, 'after') + 500),
    ]),
    paid: resample('naive', ([at]) => [at, 30, !isOutage(at) || at < 6000]),
    'double-charges': ({ lanes }) => (lanes.holdfast.doubled = 1),
  };

  test.each(Object.entries(defects))('sees %s break', (name, plant) => {
    const { fails, doubts } = broken(plant);
    expect(fails).toContain(name);
    expect(doubts).toEqual([]);
  });

  test('has a planted defect for every promise', () => {
    const names = judge(figuresOf(goodRun())).promises.map(({ name }) => name);
    expect(names).toEqual(Object.keys(defects));
  });

  test('says 1 when a promise does not hold, and 2 when it could not be judged', () => {
    const figures = figuresOf(goodRun());
    const worse: Figures = {
      ...figures,
      lanes: { ...figures.lanes, holdfast: { ...figures.lanes.holdfast, doubleCharges: 1 } },
    };
    expect(exitCodeOf(judge(worse))).toBe(1);
    expect(exitCodeOf(judge({ ...worse, lateness: 101 }))).toBe(2);
  });

  test('doubts a run whose generator was late, or did not tell', () => {
    expect(broken((run) => (run.lateness = 101)).doubts).toEqual([
      'shoppers came 101 ms late (p99)',
    ]);
    expect(broken((run) => (run.lateness = NaN)).doubts).toHaveLength(1);
    expect(broken((run) => (run.lateness = 99)).doubts).toEqual([]);
  });

  test('doubts a broken promise if a process stood still, and no other', () => {
    expect(broken(standStill)).toEqual({ fails: [], doubts: [] });
    expect(broken(breakOne).doubts).toEqual([]);
    const both = broken((run) => (standStill(run), breakOne(run)));
    expect(both.doubts).toEqual(['shop-holdfast stood still for 300 ms']);
  });

  test('doubts a run in which the naive lane failed while all was well', () => {
    const ill = resample('naive', ([at, latency, paid]) => [at, latency, paid && at > 100]);
    expect(broken(ill).doubts).toEqual(['the naive lane failed while all was well']);
  });

  test('takes a lane that never recovers for one that took as long as it was watched', () => {
    const { fails } = broken(resample('holdfast', ([at]) => [at, 30, at < back]));
    expect(fails).toEqual(expect.arrayContaining(['recovery', 'recovery-first']));
  });
});

describe('the figures', () => {
  const { lanes, offered } = figuresOf(goodRun());

  test('count every checkout once, in the phase in which it was scheduled', () => {
    for (const lane of LANES) {
      const sum = lanes[lane].phases.reduce((all, phase) => all + phase.offered, 0);
      expect(sum).toBe(offered);
    }
  });

  test('measure recovery from the moment the provider was back', () => {
    expect(lanes.holdfast.recovery).toBeGreaterThan(2300);
    expect(lanes.holdfast.recovery).toBeLessThanOrEqual(2600);
    expect(lanes.naive.recovery).toBeNull();
  });

  test('take no notice of a good moment in a bad time', () => {
    const run = goodRun();
    resample('naive', (sample) =>
      sample[0] > 7000 && sample[0] < 8000 ? [sample[0], 30, true] : sample,
    )(run);
    expect(figuresOf(run).lanes.naive.recovery).toBeNull();
  });

  test('do not count as paid what came after the shopper had left', () => {
    const run = goodRun();
    resample('holdfast', ([at, , paid]) => [at, 501, paid])(run);
    expect(figuresOf(run).lanes.holdfast.paid).toBe(0);
  });

  test('know the percentile of few values, and none of none', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.99)).toBeNaN();
    expect(lengthOf(plan)).toBe(16_500);
  });
});
