import type { Figures, LaneFigures, PhaseFigures } from './measure.ts';
import { lengthOf, limits, type PhaseName, startOf } from './plan.ts';

/** What the demo promises of the holdfast lane, and what it came to. */
export interface Promised {
  readonly name: string;
  /** What is measured, in words. */
  readonly what: string;
  readonly unit: Unit;
  readonly value: number;
  readonly is: Relation;
  readonly bound: number;
  readonly holds: boolean;
}

export type Unit = 'share' | 'ms' | 'attempts' | 'orders' | 'charges';
type Relation = '>=' | '<=' | '>' | '<';

export interface Verdict {
  readonly promises: readonly Promised[];
  /** Why it could not be judged: the machine was too busy. Empty if it could. */
  readonly doubts: readonly string[];
}

/** The first cooldown is at most 30 s and 20 %, and begins before the provider is back; the ramp is 10 s. */
const LONGEST_RECOVERY = 36_000 + 10_000;
/** The retry budget is a tenth of what succeeds; what succeeded before the outage earns for its beginning. */
const MOST_ATTEMPTS = 1.2;
/** What a shopper hardly notices, in milliseconds; a charge takes 20. */
const UNNOTICED = 500;
/** Timers may be 1 % late. */
const LATE = 1.01;

/** The generator kept up if it was late by no more than this share of the shortest limit. */
const KEEPS_UP = 0.2;
/** A process that stood still for so many milliseconds may have broken a promise by that. */
const STANDS_STILL = 100;

/** Figures in, verdict out. */
export function judge(figures: Figures): Verdict {
  const { plan, lanes } = figures;
  const { naive, holdfast } = lanes;
  const { attempt, call } = limits(plan);
  const watched = lengthOf(plan) - startOf(plan, 'back');
  const recovery = holdfast.recovery ?? watched;
  const waits = [of(holdfast, 'down').p99, of(holdfast, 'back').p99];
  const { goodput, p99 } = of(holdfast, 'healthy');

  const rows: [name: string, what: string, Unit, value: number, Relation, bound: number][] = [
    ['goodput-healthy', 'Paid, while all is well', 'share', goodput, '>=', 0.99],
    ['p99-healthy', 'p99, while all is well', 'ms', p99, '<=', UNNOTICED],
    [
      'attempts',
      'Attempts per checkout, in the outage',
      'attempts',
      strain(holdfast),
      '<=',
      MOST_ATTEMPTS,
    ],
    ['p99-down', 'p99 while it is down, and after', 'ms', Math.max(...waits), '<=', attempt],
    [
      'longest-wait',
      'The longest anybody waited',
      'ms',
      holdfast.longestWait,
      '<=',
      call * LATE + UNNOTICED,
    ],
    ['recovery', 'Recovered after', 'ms', recovery, '<=', LONGEST_RECOVERY / plan.speedup],
    ['recovery-first', 'Recovered before naive', 'ms', recovery, '<', naive.recovery ?? watched],
    [
      'goodput-after',
      'Paid, once it has recovered',
      'share',
      of(holdfast, 'after').goodput,
      '>=',
      0.95,
    ],
    ['paid', 'Orders paid, more than naive', 'orders', holdfast.paid, '>', naive.paid],
    ['double-charges', 'Double charges', 'charges', holdfast.doubleCharges, '<=', 0],
  ];
  const promises = rows.map(([name, what, unit, value, is, bound]) => {
    return { name, what, unit, value, is, bound, holds: compare(value, is, bound) };
  });
  const isBroken = promises.some(({ holds }) => !holds);
  return { promises, doubts: [...doubtsOf(figures), ...(isBroken ? excusesOf(figures) : [])] };
}

/** 0: all promises hold. 1: one does not. 2: it could not be judged. */
export function exitCodeOf({ promises, doubts }: Verdict): 0 | 1 | 2 {
  if (doubts.length > 0) return 2;
  return promises.every(({ holds }) => holds) ? 0 : 1;
}

/** Nothing can be said of lanes that did not get what the plan says. */
function doubtsOf(figures: Figures): string[] {
  const { plan, lanes, lateness } = figures;
  const doubts: string[] = [];
  if (!(lateness <= limits(plan).attempt * KEEPS_UP)) {
    doubts.push(`shoppers came ${lateness.toFixed(0)} ms late (p99)`);
  }
  if (!(of(lanes.naive, 'healthy').goodput >= 0.99)) {
    doubts.push('the naive lane failed while all was well');
  }
  return doubts;
}

/** What may have broken a promise in the lane's stead: a process that stood still. */
function excusesOf({ stalls }: Figures): string[] {
  return Object.entries(stalls)
    .filter(([, stall]) => !(stall <= STANDS_STILL))
    .map(([name, stall]) => `${name} stood still for ${stall.toFixed(0)} ms`);
}

/** Attempts that the provider gets for each checkout while it is in trouble. */
function strain(lane: LaneFigures): number {
  const outage = [of(lane, 'slow'), of(lane, 'down')];
  const attempts = outage.reduce((sum, phase) => sum + phase.attempts, 0);
  return attempts / outage.reduce((sum, { offered }) => sum + offered, 0);
}

function of(lane: LaneFigures, name: PhaseName): PhaseFigures {
  return lane.phases.find(({ phase }) => phase === name)!;
}

function compare(value: number, is: Relation, bound: number): boolean {
  switch (is) {
    case '>=':
      return value >= bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '<':
      return value < bound;
  }
}
