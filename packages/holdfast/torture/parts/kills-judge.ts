import type { Ledger } from '../ledger.ts';
import { GRACE } from '../plan.ts';
import type { Answered, Boundary, Policy } from '../protocol.ts';
import { type Check, none, within } from '../../../../scripts/tasks/checks.ts';

/** One key: its first owner was killed, then two others asked for it at the same time. */
export interface Round {
  readonly key: string;
  readonly boundary: Boundary;
  /** Whether the owner was at its boundary when it was killed. */
  readonly isThere: boolean;
  readonly policy: Policy;
  readonly answers: readonly (Answered & {
    /** Milliseconds from the kill to the answer. */
    readonly after: number;
  })[];
}

/** What a run of rounds has measured. */
export interface Killed {
  readonly rounds: readonly Round[];
  readonly wanted: number;
  /** Milliseconds of a lease. */
  readonly lease: number;
  /** The longest that this process, which did next to nothing, was kept waiting for the machine, in milliseconds. */
  readonly stall: number;
}

/** What `kill -9` must have left behind. */
export function judgeKills({ rounds, wanted, lease, stall }: Killed, ledger: Ledger): Check[] {
  const times = rounds.flatMap(({ answers }) => answers.map(({ after }) => after));
  const all = (is: (round: Round) => boolean): string[] =>
    rounds.filter(is).map(({ key, boundary, policy }) => `${key} ${policy} ${boundary}`);
  return [
    within(named('rounds'), rounds.length, [wanted, null]),
    none(
      named('owners that were killed elsewhere than at their boundary'),
      all(({ isThere }) => !isThere),
    ),
    none(
      named('keys with more effects than their mode allows'),
      all((round) => ledger.count(round.key) > mostEffects(round)),
    ),
    none(
      named('keys without an effect that must have one'),
      all((round) => ledger.count(round.key) < fewestEffects(round)),
    ),
    none(
      named('keys that whoever has the effect would take for two'),
      all(({ key }) => ledger.derived(key) > 1),
    ),
    none(
      named('keys that were answered otherwise than the boundary has it'),
      all((round) => !isAnsweredRightly(round)),
    ),
    none(
      named('keys of which two callers were told different things'),
      all(({ answers }) => new Set(answers.map(({ kind, value }) => `${kind} ${value}`)).size > 1),
    ),
    none(
      named('keys that were reconciled more than once, or not although they had to be'),
      all((round) => !isReconciledRightly(round)),
    ),
    latest(Math.max(...times), lease + GRACE, stall),
  ];
}

/** An answer that is late by no more than the machine was proves nothing. */
function latest(time: number, bound: number, stall: number): Check {
  const check = within(named('latest answer after the kill, ms'), time, [null, bound]);
  if (check.holds === true || time - stall > bound) return check;
  return { ...check, holds: null, note: `the machine stood still for ${Math.round(stall)} ms` };
}

/**
 * Resumable work may have an effect once more: if it died before its recovery point was kept, and whenever its owner
 * was so slow that another had to take over, of which that owner was told.
 */
function mostEffects({ policy, boundary, answers }: Round): number {
  if (policy !== 'takeover') return 1;
  const isBetween = boundary === 'during effect' || boundary === 'after effect';
  return answers.reduce((sum, { refusals }) => sum + losses(refusals), isBetween ? 2 : 1);
}

function losses({ LEASE_LOST = 0, WORK_FAILED = 0 }: Answered['refusals']): number {
  return LEASE_LOST + WORK_FAILED;
}

function fewestEffects({ policy, answers }: Round): number {
  const isDone = answers.some(({ kind }) => kind === 'value');
  return policy === 'transactional' || policy === 'takeover' || isDone ? 1 : 0;
}

type Expected = 'value' | 'outcome-unknown' | 'either';

/** Whether the work was known to be done, or not begun, can be told by where its owner died. */
function isAnsweredRightly(round: Round): boolean {
  const expected = expectedOf(round);
  return round.answers.every(({ kind }) =>
    expected === 'either' ? kind !== 'gave-up' : kind === expected,
  );
}

function expectedOf({ policy, boundary }: Round): Expected {
  if (policy !== 'refuse' && policy !== 'unsure') return 'value';
  switch (boundary) {
    case 'before claim':
    case 'after complete':
      return 'value';
    case 'during claim':
    case 'during complete':
      return 'either';
    default:
      return 'outcome-unknown';
  }
}

/** Once a key, by whoever came first: whenever nobody knew the outcome. */
function isReconciledRightly({ policy, boundary, answers }: Round): boolean {
  const times = answers.reduce((sum, { reconciled }) => sum + reconciled, 0);
  if (policy !== 'look' && policy !== 'unsure') return times === 0;
  if (boundary === 'before claim' || boundary === 'after complete') return times === 0;
  if (boundary === 'during claim' || boundary === 'during complete') return times <= 1;
  return times === 1;
}

const named = (what: string): string => `kill -9: ${what}`;
