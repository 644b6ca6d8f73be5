import { describe, expect, test } from 'vitest';
import { idempotency } from './engine.ts';
import type { IdempotencyOptions } from './options.ts';
import { safeToRetry } from './options.ts';
import type { Reconciled } from './idempotency.ts';
import { outcomeOf, setting, type Setting, Work } from '../../test/idempotency-setting.ts';

const LEASE = 30_000;

/** What was told, in a word or two each. */
function told({ runtime }: Setting, since = 0): string[] {
  const said = runtime.sink.events.slice(since).map((event) => {
    const { type, how, outcome, step, hook } = event as unknown as Record<string, string>;
    return [type!.replace('idempotency.', ''), how ?? outcome ?? step ?? hook ?? ''].join(' ');
  });
  return said.map((words) => words.trim());
}

/** Somebody had the key, and has died. */
async function deserted(options: Partial<IdempotencyOptions>): Promise<Setting> {
  const made = setting(options);
  void made.engine.idempotent('k', () => new Promise(() => {}));
  await made.runtime.clock.advanceAsync(1);
  made.store.mood = 'gone';
  await made.runtime.clock.advanceAsync(LEASE + 1);
  return made;
}

const failing = (error: unknown) => (): never => {
  throw error;
};

describe('what is told', () => {
  test.each([
    ['a value', () => 1, 'ended kept'],
    ['an error', failing(new Error('no')), 'ended held'],
    ['an error that may be tried again', failing(safeToRetry(new Error('no'))), 'ended released'],
  ])('of a first request and its repeat: %s', async (_what, work, ended) => {
    const made = setting();
    await outcomeOf(made.engine.idempotent('k', work));
    await outcomeOf(made.engine.idempotent('k', work));
    const repeat = {
      'ended kept': ['opened replayed'],
      'ended held': ['opened outcome-unknown'],
      'ended released': ['opened claimed', 'ended released'],
    }[ended]!;
    expect(told(made)).toEqual(['opened claimed', ended, ...repeat]);
  });

  test('of those who come meanwhile, and want something else', async () => {
    const made = setting({ wait: 50 });
    const work = new Work();
    const { engine, runtime } = made;
    const aborted = AbortSignal.abort(new Error('gone'));
    const first = engine.idempotent('k', work.run, { payload: 1 });
    await outcomeOf(engine.idempotent('k', work.run, { payload: 2 }));
    await outcomeOf(engine.idempotent('k', work.run, { payload: 1, signal: aborted }));
    const late = engine.idempotent('k', work.run, { payload: 1 }).catch(() => {});
    await runtime.clock.advanceAsync(100);
    work.end(1);
    await Promise.all([first, late]);
    expect(told(made)).toEqual([
      'opened claimed',
      'opened mismatch',
      'opened aborted',
      'opened in-progress',
      'ended kept',
    ]);
  });

  test('of a takeover, and of the owner that comes late', async () => {
    const made = setting({ onExpiredLease: 'takeover' });
    const late = new Work();
    const first = made.engine.idempotent('k', late.run).catch(() => {});
    await made.runtime.clock.advanceAsync(1);
    made.store.mood = 'gone';
    await made.runtime.clock.advanceAsync(LEASE + 1);
    await made.another().idempotent('k', () => 1);
    made.store.mood = 'well';
    late.end(2);
    await first;
    const words = told(made).filter((word) => !word.startsWith('store-failed'));
    expect(words).toEqual(['opened claimed', 'opened taken-over', 'ended kept', 'ended lost']);
  });

  test.each(['closed', 'open'] as const)('without the store: %s', async (onStoreDown) => {
    const made = setting({ onStoreDown, startCheck: false });
    made.store.mood = 'down';
    await outcomeOf(made.engine.idempotent('k', () => 1));
    await made.engine.close();
    const opened = onStoreDown === 'open' ? 'opened unprotected' : 'opened store-down';
    expect(told(made)).toEqual(['store-failed claim', opened, 'store-failed reap']);
  });

  test.each<[string, () => Reconciled, string[]]>([
    [
      'done',
      () => ({ outcome: 'done', result: 1 }),
      ['reconciled done', 'opened replayed', 'opened replayed'],
    ],
    [
      'nothing has happened',
      () => ({ outcome: 'nothing-happened' }),
      ['reconciled nothing-happened', 'opened claimed', 'ended kept', 'opened replayed'],
    ],
    [
      'unknown',
      () => ({ outcome: 'unknown' }),
      ['reconciled unknown', 'opened outcome-unknown', 'opened outcome-unknown'],
    ],
    [
      'what is no JSON',
      () => ({ outcome: 'done', result: 1n }),
      [
        'hook-failed reconcile',
        'reconciled failed',
        'opened outcome-unknown',
        'opened outcome-unknown',
      ],
    ],
    [
      'none of the three',
      () => ({ outcome: 'dnoe' }) as never,
      [
        'hook-failed reconcile',
        'reconciled failed',
        'opened outcome-unknown',
        'opened outcome-unknown',
      ],
    ],
    [
      'an error',
      failing(new Error('no')),
      [
        'hook-failed reconcile',
        'reconciled failed',
        'opened outcome-unknown',
        'opened outcome-unknown',
      ],
    ],
  ])('of a reconcile, which is no work: %s', async (_what, reconcile, words) => {
    const made = await deserted({ reconcile });
    const since = made.runtime.sink.events.length;
    const other = made.another();
    for (let i = 0; i < 2; i++) await outcomeOf(other.idempotent('k', () => 1));
    expect(told(made, since)).toEqual(words);
    // What it took says nothing of how long work does.
    const hasWorked = words.includes('ended kept');
    expect(other.snapshot()).toMatchObject({ running: 0, ...(!hasWorked && { usualDuration: 0 }) });
  });
});

describe('a storeResult that answers none of its three words', () => {
  const storeResult = (() => 'stroe') as never;

  test.each([
    ['a value', () => 1, undefined],
    ['an error', failing(new Error('no')), new Error('no')],
  ])('fails the call, and leaves the outcome unknown: after %s', async (_what, work, cause) => {
    const made = setting({ storeResult });
    const error = new TypeError(
      `idempotency.storeResult must answer 'store', 'release' or 'hold', got "stroe"`,
      { cause },
    );
    expect(await outcomeOf(made.engine.idempotent('k', work))).toEqual(error);
    expect(told(made)).toEqual(['opened claimed', 'hook-failed storeResult', 'ended held']);
    expect(made.runtime.sink.of('idempotency.hook-failed')).toMatchObject([{ error }]);
    const repeat = made.engine.idempotent('k', work);
    await expect(repeat).rejects.toMatchObject({ why: 'outcome-unknown' });
  });

  test('is a warning of the process, once, where nobody listens', async () => {
    const { runtime, store } = setting();
    const warnings: string[] = [];
    const warn = (warning: string): void => void warnings.push(warning);
    const quiet = { ...runtime, sink: null, warn };
    const engine = idempotency({ name: 'charges', store, storeResult }, quiet);
    for (const key of ['a', 'b']) await outcomeOf(engine.idempotent(key, () => 1));
    expect(warnings).toEqual([
      `charges: storeResult failed, so the outcome is held as unknown: idempotency.storeResult must answer 'store', 'release' or 'hold', got "stroe"`,
    ]);
  });
});

test('a storeResult whose promise is rejected is told, and no rejection goes unhandled', async () => {
  const unhandled: unknown[] = [];
  const before = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  const storeResult = (() => Promise.reject(new Error('no such table'))) as never;
  const made = setting({ storeResult });
  await expect(made.engine.idempotent('k', () => 1)).rejects.toThrow('got a promise');
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners('unhandledRejection');
  for (const each of before) process.on('unhandledRejection', each);
  expect(unhandled).toEqual([]);
  expect(told(made)).toContain('hook-failed storeResult');
});

test('what an adapter calls is told by the engine as well, by an event or once by a warning', async () => {
  const { engine, runtime, store } = setting();
  engine.hookFailed('tenant', undefined);
  const error = new Error('tenant threw undefined');
  expect(runtime.sink.of('idempotency.hook-failed')).toMatchObject([{ hook: 'tenant', error }]);
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  const quiet = idempotency({ name: 'charges', store }, { ...runtime, sink: null, warn });
  for (let i = 0; i < 2; i++) quiet.hookFailed('tenant', new Error('no such customer'));
  expect(warnings).toEqual(['charges: tenant failed, so the request is refused: no such customer']);
});

test.each([undefined, null])('a hook that throws %s is told with a reason', async (thrown) => {
  const error = (hook: string) => new Error(`${hook} threw ${thrown}`);
  const made = setting({ storeResult: failing(thrown) });
  expect(await outcomeOf(made.engine.idempotent('k', () => 1))).toBe(thrown);
  const { sink } = made.runtime;
  expect(sink.of('idempotency.hook-failed')).toEqual([
    expect.objectContaining({ hook: 'storeResult', error: error('storeResult') }),
  ]);
  const left = await deserted({ reconcile: () => Promise.reject(thrown) });
  await outcomeOf(left.another().idempotent('k', () => 1));
  expect(left.runtime.sink.of('idempotency.hook-failed')).toEqual([
    expect.objectContaining({ hook: 'reconcile', error: error('reconcile') }),
  ]);
});
