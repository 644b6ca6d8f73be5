import type { Claim, RecoveryPoint } from 'holdfast/idempotency';
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
    rivals: [],
  };
}

const claim = (token: string, expired: 'refuse' | 'takeover' | 'reconcile' = 'refuse'): Step => ({
  do: 'claim',
  token,
  fingerprint: 'same',
  lease: LEASE,
  expired,
});
const unaware = (token: string): Step => ({
  do: 'claim',
  token,
  fingerprint: null,
  lease: LEASE,
  expired: 'takeover',
});
const checkpoint = (token: string, name: string, value: string): Step => ({
  do: 'checkpoint',
  token,
  point: { name, value },
  lease: LEASE,
});
const transact = (token: string, result: string | null = `by ${token}`): Step => ({
  do: 'transact',
  token,
  fingerprint: 'same',
  result,
});
const invoked = (id: string, key: string, step: Step, invokedAt: number) => ({
  id,
  key,
  step,
  invokedAt,
});
const complete = (token: string): Step => ({ do: 'complete', token, result: `by ${token}` });
const granted = (attempt = 1, points: readonly RecoveryPoint[] = []): Claim => ({
  kind: 'claimed',
  attempt,
  points,
});
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

  test('when who takes over is told how far the work has come', () => {
    const kept = [
      { name: 'a', value: '2' },
      { name: 'b', value: '1' },
    ];
    const history = [
      operation([0, 1], claim('a'), granted()),
      operation([10, 11], checkpoint('a', 'a', '1'), true),
      operation([20, 21], checkpoint('a', 'b', '1'), true),
      operation([30, 31], checkpoint('a', 'a', '2'), true),
      operation([150, 151], claim('b', 'takeover'), granted(2, kept)),
      operation([160, 161], checkpoint('a', 'c', '1'), false),
      operation([170, 171], claim('b'), granted(2, kept)),
    ];
    expect(check(history).kind).toBe('linearizable');
    expect(check(history.toSpliced(1, 1)).kind).toBe('impossible');
    expect(check(history.toSpliced(3, 1)).kind).toBe('impossible');
  });

  test('when who knows no fingerprint takes over, and takes nothing that nobody has', () => {
    const history = [
      operation([0, 1], unaware('a'), { kind: 'absent' }),
      operation([2, 3], claim('b'), granted()),
      operation([4, 5], unaware('c'), inProgress),
      operation([120, 121], unaware('d'), granted(2)),
      operation([122, 123], complete('b'), false),
      operation([124, 125], complete('d'), true),
      operation([126, 127], unaware('e'), completedBy('d')),
    ];
    expect(check(history).kind).toBe('linearizable');
    const inTheirPlace = operation([0, 1], unaware('a'), granted());
    expect(check(history.with(0, inTheirPlace)).kind).toBe('impossible');
    const overlooked = operation([4, 5], unaware('c'), { kind: 'absent' });
    expect(check(history.with(2, overlooked)).kind).toBe('impossible');
  });

  test('when transactions take effect as they commit, and one is in the way of another', () => {
    const history = [
      operation([0, 10], transact('a', null), true),
      operation([20, 40], transact('b'), true),
      { ...operation([30, 31], transact('c'), inProgress), rivals: ['same'] },
      { ...operation([30, 31], transact('d'), { kind: 'mismatch' }), rivals: ['other'] },
      operation([50, 51], transact('d'), completedBy('b')),
      operation([60, 61], claim('e'), completedBy('b')),
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
      'a recovery point is forgotten',
      [
        operation([10, 11], checkpoint('a', 'a', '1'), true),
        operation([150, 151], claim('b', 'takeover'), granted(2)),
      ],
    ],
    ['a transaction is done while a lease runs', [operation([50, 51], transact('b'), true)]],
    [
      'a transaction is done after another',
      [
        operation([50, 51], { do: 'release', token: 'a' }, true),
        operation([52, 53], transact('b'), true),
        operation([54, 55], transact('c'), true),
      ],
    ],
    [
      'a transaction is refused, and nobody is in its way',
      [
        operation([50, 51], { do: 'release', token: 'a' }, true),
        operation([52, 53], transact('b'), inProgress),
      ],
    ],
    [
      'a transaction is in progress that is for something else',
      [
        operation([50, 51], { do: 'release', token: 'a' }, true),
        { ...operation([52, 53], transact('b'), inProgress), rivals: ['other'] },
      ],
    ],
    [
      'a transaction is for something else that is for the same',
      [
        operation([50, 51], { do: 'release', token: 'a' }, true),
        { ...operation([52, 53], transact('b'), { kind: 'mismatch' }), rivals: ['same'] },
      ],
    ],
    [
      'a transaction that came to nothing is kept',
      [
        operation([50, 51], { do: 'release', token: 'a' }, true),
        operation([52, 53], transact('b', null), true),
        operation([54, 55], claim('c'), completedBy('b')),
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

test('a transaction has rivals: those on its key that were under way at the same time, and not refused', () => {
  const lines = [
    invoked('1', 'k', transact('a'), 0),
    invoked('2', 'k', transact('b'), 5),
    { id: '1', returnedAt: 6, answer: true },
    { id: '2', returnedAt: 7, answer: inProgress },
    invoked('3', 'k', transact('c'), 8),
    { id: '3', returnedAt: 9, answer: completedBy('a') },
    invoked('4', 'k', claim('d'), 8),
    invoked('5', 'other', transact('e'), 0),
  ];
  const found = historiesOf(lines).get('k')!;
  expect(found.map(({ rivals }) => rivals)).toEqual([[], ['same'], [], []]);
});

test('an invocation without an answer is an operation that is cut off', () => {
  const step = claim('a');
  const lines = [
    invoked('1', 'k', step, 0),
    invoked('2', 'k', step, 1),
    { id: '1', returnedAt: 2, answer: granted() },
  ];
  expect(historiesOf(lines).get('k')).toEqual([
    operation([0, 2], step, granted()),
    operation([1, 0], step),
  ]);
});
