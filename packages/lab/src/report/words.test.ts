import { describe, expect, it } from 'vitest';
import { reportFixture } from '../../test/report-fixture.ts';
import type { FaultBand, RunResult } from '../simulate/result.ts';
import { faultsText } from './tables.ts';
import { scenariosOf } from './view.ts';
import { goodputText, verdictMeaning } from './words.ts';

const report = reportFixture();
const some = report.runs[0]!;
const degraded = (faults: readonly FaultBand[], trigger: RunResult['trigger']): RunResult => ({
  ...some,
  faults,
  trigger,
  verdict: { kind: 'degraded', after: null },
});
const fault = { kind: 'outage', on: 'payments', from: 40_000, to: 50_000 };

describe('what a report says of a run', () => {
  it('speaks of a fault, and of its end, only where there is one', () => {
    const [ofFault, ofLoad] = [{ kind: 'fault' } as const, { kind: 'load' } as const];
    const throughout = { ...fault, from: 0, to: some.duration };
    const isBack = 'Goodput fell during the fault, and was back by its end.';
    expect(verdictMeaning(degraded([fault], { ...fault, ...ofFault }))).toBe(isBack);
    expect(verdictMeaning(degraded([fault, throughout], { ...fault, ...ofFault }))).toBe(isBack);
    expect(verdictMeaning(degraded([throughout], { ...throughout, ...ofFault }))).toBe(
      'Goodput fell during the fault, which went on to the end of the run.',
    );
    expect(verdictMeaning(degraded([throughout], { ...fault, ...ofLoad }))).toBe(
      'Goodput fell when the load changed, under a fault that lasts throughout.',
    );
    const nothing = 'Goodput fell, though nothing was broken.';
    expect(verdictMeaning(degraded([], { ...fault, ...ofLoad }))).toBe(nothing);
    expect(verdictMeaning(degraded([], null))).toBe(nothing);
  });

  it('says which part of a run a verdict is about, if not about all', () => {
    const [later, span] = [{ judgedUntil: 60_000 }, { ...fault, kind: 'fault' } as const];
    const rest = 'From 60 s on it fell without the fault as well, which is not judged.';
    const texts = [some, degraded([fault], span)].map((run) =>
      verdictMeaning({ ...run, ...later }).replace('\u202f', ' '),
    );
    expect(texts).toEqual([
      `${verdictMeaning(some)} ${rest}`,
      `Goodput was by the fault’s end what it was before. ${rest}`,
    ]);
  });

  it('names the phases of goodput where there are several', () => {
    expect(goodputText(some)).toMatch(/^\S+\s% before, \S+\s% during the fault, \S+\s% after$/);
    const [first] = some.phases;
    expect(goodputText({ ...some, phases: [first!] })).toMatch(/^\S+\s%$/);
  });

  it('says when a fault was that took no time', () => {
    const [view] = scenariosOf(report);
    const flush = { kind: 'cache-flush', on: 'pages', from: 90_000, to: 90_000 };
    expect(faultsText({ ...view!, faults: [flush] }).replace('\u202f', ' ')).toBe(
      'cache-flush pages, at 90 s',
    );
  });
});
