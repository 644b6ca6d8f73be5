import { describe, expect, test } from 'vitest';
import type { Ledger } from '../ledger.ts';
import { GRACE } from '../plan.ts';
import { judgeKills, type Round } from './kills-judge.ts';

const LEASE = 400;

type Answer = Round['answers'][number];

const answer = (about: Partial<Answer> = {}): Answer => ({
  kind: 'value',
  value: 'one',
  ran: false,
  reconciled: 0,
  refusals: {},
  after: 20,
  ...about,
});
const twice = (about: Partial<Answer>) => [answer(about), answer(about)];

/** A round that is as it must be. */
const round = (about: Partial<Round> = {}): Round => ({
  key: 'k',
  boundary: 'after complete',
  isThere: true,
  policy: 'refuse',
  answers: twice({}),
  ...about,
});
const unknown = { kind: 'outcome-unknown', value: '' } as const;

const ledgerOf = (count: number, derived = Math.min(count, 1)): Ledger => ({
  count: () => count,
  derived: () => derived,
});
const broken = (rounds: Round[], ledger: Ledger): string[] =>
  judgeKills({ rounds, wanted: rounds.length, lease: LEASE, stall: 10 }, ledger).flatMap(
    ({ name, holds }) => (holds ? [] : [name]),
  );

describe('kill -9', () => {
  test.each<[string, Round, Ledger]>([
    ['the work was done and is replayed', round(), ledgerOf(1)],
    ['nothing had begun', round({ boundary: 'before claim' }), ledgerOf(1)],
    [
      'nobody knows, and the effect was not had',
      round({ boundary: 'after claim', answers: twice(unknown) }),
      ledgerOf(0),
    ],
    [
      'nobody knows, and whoever asked first has tried to find out',
      round({
        boundary: 'after effect',
        policy: 'unsure',
        answers: [answer({ ...unknown, reconciled: 1 }), answer(unknown)],
      }),
      ledgerOf(1),
    ],
    [
      'resumable work was too slow once more, and was told that another has it',
      round({
        boundary: 'after effect',
        policy: 'takeover',
        answers: [answer(), answer({ refusals: { LEASE_LOST: 1 } })],
      }),
      ledgerOf(3, 1),
    ],
    [
      'resumable work repeats a step whose point was not kept',
      round({ boundary: 'after effect', policy: 'takeover' }),
      ledgerOf(2, 1),
    ],
    [
      'a transaction was undone and repeated',
      round({ boundary: 'after effect', policy: 'transactional' }),
      ledgerOf(1),
    ],
  ])('keeps the promises when %s', (_, one, ledger) => {
    expect(broken([one], ledger)).toEqual([]);
  });

  test.each<[string, Round, Ledger, string]>([
    ['there are two effects', round(), ledgerOf(2, 1), 'more effects'],
    [
      'an owner was answered, and never came to where it was to be killed',
      round({ boundary: 'before claim', isThere: false }),
      ledgerOf(1),
      'elsewhere than at their boundary',
    ],
    [
      'resumable work repeats a step whose point was kept',
      round({ boundary: 'before complete', policy: 'takeover' }),
      ledgerOf(2, 1),
      'more effects',
    ],
    ['an answer tells of what has not happened', round(), ledgerOf(0), 'without an effect'],
    ['the derived key changes', round(), ledgerOf(1, 2), 'take for two'],
    [
      'a transaction leaves its outcome unknown',
      round({ policy: 'transactional', answers: twice(unknown) }),
      ledgerOf(1),
      'answered otherwise',
    ],
    [
      'what was completed is unknown',
      round({ answers: twice(unknown) }),
      ledgerOf(1),
      'answered otherwise',
    ],
    [
      'there is no answer',
      round({ boundary: 'during complete', answers: twice({ kind: 'gave-up' }) }),
      ledgerOf(1),
      'answered otherwise',
    ],
    [
      'two callers are told different things',
      round({ answers: [answer(), answer({ value: 'another' })] }),
      ledgerOf(1),
      'different things',
    ],
    [
      'both callers reconcile',
      round({
        boundary: 'after claim',
        policy: 'unsure',
        answers: twice({ ...unknown, reconciled: 1 }),
      }),
      ledgerOf(0),
      'reconciled more than once',
    ],
    [
      'nobody reconciles',
      round({ boundary: 'after claim', policy: 'unsure', answers: twice(unknown) }),
      ledgerOf(0),
      'reconciled more than once',
    ],
    [
      'the answer comes late',
      round({ answers: [answer(), answer({ after: LEASE + GRACE + 11 })] }),
      ledgerOf(1),
      'latest answer',
    ],
  ])('breaks one promise when %s', (_, one, ledger, promise) => {
    expect(broken([one], ledger)).toEqual([expect.stringContaining(promise)]);
  });
});

test('an answer that is late by no more than the machine was is not judged', () => {
  const late = round({ answers: [answer({ after: LEASE + GRACE + 9 })] });
  const checks = judgeKills({ rounds: [late], wanted: 1, lease: LEASE, stall: 10 }, ledgerOf(1));
  expect(checks.filter(({ holds }) => holds !== true)).toEqual([
    expect.objectContaining({ holds: null, note: 'the machine stood still for 10 ms' }),
  ]);
});
