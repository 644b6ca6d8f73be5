import type { Claim } from 'holdfast/idempotency';
import { describe, expect, test } from 'vitest';
import { check } from './checker.ts';
import { historiesOf, type Operation, type Step } from './history.ts';

const LEASE = 100;

/** An operation on the one key, from when to when, and how it was answered; undefined for not at all. */
function operation(
  [invokedAt, returnedAt]: readonly [number, number],
  step: Step,
  answer?: Claim | boolean,
): Operation {
  const isAnswered = answer !== undefined;
  return {
    key: 'k',
    step,
    invokedAt,
    returnedAt: isAnswered ? returnedAt : Infinity,
    answer: isAnswered ? answer : null,
  };
}

const claim = (token: string, expired: 'refuse' | 'takeover' | 'reconcile' = 'refuse'): Step => ({
  do: 'claim',
  token,
  fingerprint: 'same',
  lease: LEASE,
  expired,
});
const complete = (token: string): Step => ({ do: 'complete', token, result: `by ${token}` });
const granted = (attempt = 1): Claim => ({ kind: 'claimed', attempt, points: [] });
const inProgress: Claim = { kind: 'in-progress', leaseLeft: 1 };
const completedBy = (token: string): Claim => ({
  kind: 'completed',
  result: `by ${token}`,
  expiresIn: 1,
});

describe('a history is linearizable', () => {
  test('when nothing has happened', () => {
    expect(check([])).toEqual({ kind: 'linearizable' });
  });

  test('when one of two claims at once is granted, whichever was sent first', () => {
    const history = [
      operation([0, 10], claim('a'), inProgress),
      operation([5, 9], claim('b'), granted()),
    ];
    expect(check(history).kind).toBe('linearizable');
  });

  test('when a lease is taken over after its end, and what its owner says then is refused', () => {
    const history = [
      operation([0, 1], claim('a'), granted()),
      operation([120, 121], claim('b', 'takeover'), granted(2)),
      operation([122, 123], complete('a'), false),
      operation([122, 124], complete('b'), true),
      operation([130, 131], claim('c'), completedBy('b')),
    ];
    expect(check(history).kind).toBe('linearizable');
  });

  test('when what was cut off explains what was seen, or need not have happened', () => {
    const cut = operation([10, 0], complete('a'));
    const first = operation([0, 1], claim('a'), granted());
    const seen = operation([20, 21], claim('b'), completedBy('a'));
    const unseen = operation([20, 21], claim('b'), inProgress);
    expect(check([first, cut, seen]).kind).toBe('linearizable');
    expect(check([first, cut, unseen]).kind).toBe('linearizable');
    expect(check([first, cut, unseen, seen]).kind).toBe('linearizable');
    expect(check([first, seen])).toEqual({ kind: 'impossible', at: seen });
  });
});

describe('a history is impossible', () => {
  const first = operation([0, 1], claim('a'), granted());

  test.each<[string, Operation[]]>([
    ['two claims are granted at once', [operation([0, 2], claim('b'), granted())]],
    [
      'a lease is taken over while it runs',
      [operation([50, 51], claim('b', 'takeover'), granted(2))],
    ],
    ['a lease runs long after its end', [operation([150, 151], claim('b'), inProgress)]],
    [
      'an outcome is unknown while the lease runs',
      [operation([50, 51], claim('b'), { kind: 'unknown' })],
    ],
    [
      'a late writer is heard',
      [
        operation([120, 121], claim('b', 'takeover'), granted(2)),
        operation([122, 123], complete('a'), true),
      ],
    ],
    ['an owner is not heard', [operation([50, 51], complete('a'), false)]],
    [
      'a result is forgotten',
      [operation([50, 51], complete('a'), true), operation([60, 61], claim('b'), granted())],
    ],
    ['a result was never written', [operation([50, 51], claim('b'), completedBy('a'))]],
    [
      'somebody reconciles again',
      [
        operation([120, 121], claim('b', 'reconcile'), {
          kind: 'reconcile',
          attempt: 1,
          points: [],
        }),
        operation([240, 241], claim('c', 'reconcile'), {
          kind: 'reconcile',
          attempt: 1,
          points: [],
        }),
      ],
    ],
    [
      'an old answer comes after a new one',
      [operation([50, 51], complete('a'), true), operation([60, 61], claim('b'), inProgress)],
    ],
  ])('when %s', (_, rest) => {
    expect(check([first, ...rest]).kind).toBe('impossible');
  });
});

test('a search that becomes too long is given up, and proves nothing', () => {
  const all = ['a', 'b', 'c'].map((token) => operation([0, 9], claim(token), granted()));
  expect(check(all).kind).toBe('impossible');
  expect(check(all, 2)).toEqual({ kind: 'undecided' });
});

test('an invocation without an answer is an operation that is cut off', () => {
  const step = claim('a');
  const lines = [
    { id: '1', key: 'k', step, invokedAt: 0 },
    { id: '2', key: 'k', step, invokedAt: 1 },
    { id: '1', returnedAt: 2, answer: granted() },
  ];
  expect(historiesOf(lines).get('k')).toEqual([
    operation([0, 2], step, granted()),
    operation([1, 0], step),
  ]);
});
