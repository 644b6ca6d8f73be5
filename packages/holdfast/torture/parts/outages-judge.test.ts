import { expect, test } from 'vitest';
import type { Plan } from '../plan.ts';
import type { Answered } from '../protocol.ts';
import { judgeOutage, type OutageRun } from './outages-judge.ts';

const answered = (about: Partial<Answered> = {}): Answered => ({
  kind: 'value',
  value: 'one',
  ran: false,
  reconciled: 0,
  refusals: { IDEMPOTENCY_STORE: 2 },
  ...about,
});
const unknown = answered({ kind: 'outcome-unknown', value: '' });

/** One key, asked for by one caller in the outage and by another after it. */
const run = (about: Partial<OutageRun> = {}): OutageRun => ({
  answers: new Map([['k', [answered()]]]),
  asked: new Map([['k', answered()]]),
  recovered: [answered()],
  recovery: 100,
  ...about,
});

const plan: Plan = {
  store: 'sqlite',
  client: 'node:sqlite',
  mode: 'leased',
  seed: 1,
  rounds: 0,
  keys: 0,
  callers: 0,
  outage: 1000,
  histories: 0,
  lease: 400,
  defect: null,
  progress: () => {},
};

function broken(one: OutageRun, [count, derived]: readonly number[], mode = plan.mode): string[] {
  const ledger = { count: () => count!, derived: () => derived! };
  const checks = judgeOutage(one, ledger, { ...plan, mode }, 'kill -9');
  return checks.flatMap(({ name, holds }) => (holds ? [] : [name]));
}

test('an outage that everybody came through keeps the promises', () => {
  expect(broken(run(), [1, 1])).toEqual([]);
  expect(broken(run({ asked: new Map([['k', unknown]]) }), [1, 1])).toEqual([]);
  expect(broken(run(), [2, 1], 'takeover')).toEqual([]);
  const anew = run({ asked: new Map([['k', answered({ value: 'another' })]]) });
  expect(broken(anew, [1, 1], 'takeover')).toEqual([]);
});

test.each<[string, OutageRun, readonly number[], Plan['mode'], string]>([
  ['there are two effects', run(), [2, 1], 'leased', 'two effects'],
  ['a derived key changes', run(), [2, 2], 'takeover', 'two derived keys'],
  ['an answer tells of what was undone', run(), [0, 0], 'leased', 'have no effect'],
  [
    'two callers get different answers',
    run({ asked: new Map([['k', answered({ value: 'another' })]]) }),
    [1, 1],
    'leased',
    'different answers',
  ],
  [
    'a key is stuck',
    run({ asked: new Map([['k', answered({ kind: 'gave-up' })]]) }),
    [1, 1],
    'leased',
    'without an answer',
  ],
  [
    'a transaction leaves its outcome unknown',
    run({ asked: new Map([['k', unknown]]) }),
    [1, 1],
    'transactional',
    'without an answer',
  ],
  [
    'a refusal is unclear',
    run({
      answers: new Map([
        ['k', [answered({ refusals: { IDEMPOTENCY_STORE: 1, 'unclear: x': 1 } })]],
      ]),
    }),
    [1, 1],
    'leased',
    'clear code',
  ],
  [
    'the store was never down',
    run({ answers: new Map([['k', [answered({ refusals: {} })]]]) }),
    [1, 1],
    'leased',
    'store errors were seen',
  ],
  [
    'a process does not come back',
    run({ recovered: [answered(), answered({ kind: 'gave-up' })] }),
    [1, 1],
    'leased',
    'started again',
  ],
  ['a process comes back late', run({ recovery: 10_000 }), [1, 1], 'leased', 'work again'],
])('an outage breaks one promise when %s', (_, one, effects, mode, promise) => {
  expect(broken(one, effects, mode)).toEqual([expect.stringContaining(promise)]);
});
