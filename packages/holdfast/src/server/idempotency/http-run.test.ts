import { describe, expect, it } from 'vitest';
import { created, setUp, told } from '../../../test/protocol.ts';
import { LeaseLostError } from '../../idempotency/errors.ts';
import { safeToRetry } from '../../idempotency/options.ts';
import type { HttpRun } from './http-idempotency.ts';

const KEY_2 = { 'idempotency-key': 'k2' };

describe('an answer', () => {
  it('is sent as it is, and replayed with the headers that may be', async () => {
    const { run, begin, engine } = setUp({ replayHeaders: ['X-Order'] });
    expect(await (await run()).finish(created)).toBe(null);
    expect(engine.steps).toEqual(['complete']);
    const again = await begin();
    expect(again).toMatchObject({
      kind: 'answer',
      answer: {
        status: 201,
        headers: [
          ['Content-Type', 'text/plain'],
          ['X-Order', '7'],
          ['Idempotent-Replayed', 'true'],
          ['Idempotency-Expires-In', '1'],
        ],
      },
    });
    expect(again.kind === 'answer' && Buffer.from(again.answer.body).toString()).toBe('done');
  });

  it.each([
    [[200, 201, 204, 301, 303, 400, 402, 404, 410, 422, 451], 'complete'],
    [[401, 403, 409, 425, 429, 503], 'release'],
    [[0, 100, 199, 408, 500, 501, 502, 504, 599], 'hold'],
  ])('with the status of %j makes the run %s', async (statuses, step) => {
    for (const status of statuses) {
      const { run, engine } = setUp();
      const answer = { ...created, status };
      expect(await (await run()).finish(answer)).toBe(null);
      expect([status, engine.steps]).toEqual([status, [step]]);
    }
  });

  it('is kept as the options say, and held if they throw', async () => {
    const released = setUp({
      storeResult: ({ status, headers }) =>
        status === 201 && headers.length === 3 ? 'release' : 'store',
    });
    await (await released.run()).finish(created);
    expect(released.engine.steps).toEqual(['release']);
    const thrown = setUp({
      storeResult: () => {
        throw new Error('secret');
      },
    });
    expect(await (await thrown.run()).finish(created)).toBe(null);
    expect(thrown.engine.steps).toEqual(['hold: Error: secret']);
  });

  it.each([undefined, null])('is held, and its owner told, if they throw %s', async (thrown) => {
    const { run, engine } = setUp({
      storeResult: () => {
        throw thrown;
      },
    });
    expect(await (await run()).finish(created)).toBe(null);
    expect(engine.steps).toEqual([`hold: Error: storeResult threw ${thrown}`]);
  });

  it('does not go out if the options throw in a transaction, which is rolled back', async () => {
    const { run, engine } = setUp({
      storeResult: () => {
        throw new Error('secret');
      },
    });
    const opened = await engine.open({ key: 'k', scope: [], fingerprint: '-' });
    if (opened.kind !== 'run') throw new Error('it is the first');
    engine.opened = { kind: 'run', execution: { ...opened.execution, transaction: {} } };
    expect(told(await (await run()).finish(created))).toMatchObject({
      status: 503,
      code: 'idempotency-commit-failed',
    });
    expect(engine.steps).toEqual(['hold: Error: secret']);
  });

  it('is held, and its owner told, if the options say none of three words', async () => {
    for (const [said, shown] of [
      ['stored', '"stored"'],
      [undefined, 'undefined'],
      [Promise.resolve('store'), 'a promise'],
    ]) {
      const { run, engine } = setUp({ storeResult: () => said as never });
      expect(await (await run()).finish(created)).toBe(null);
      expect(engine.steps).toEqual([
        `hold: TypeError: storeResult must answer 'store', 'release' or 'hold', got ${shown}`,
      ]);
    }
  });

  it('goes out although the store will hear of it later', async () => {
    const { run, engine } = setUp();
    engine.completion = { kind: 'later' };
    expect(await (await run()).finish(created)).toBe(null);
  });

  it.each([
    ['lost', { status: 409, code: 'idempotency-lease-lost', retryAfter: '1' }],
    ['refused', { status: 503, code: 'idempotency-commit-failed', retryAfter: '1' }],
  ] as const)('that is %s is replaced, streamed or not', async (kind, problem) => {
    const { run, engine } = setUp();
    engine.completion = { kind, error: new LeaseLostError({ name: 'charges' }) };
    expect(told(await (await run()).finish(created))).toEqual(problem);
    const streamed = await run({ headers: KEY_2 });
    expect(told(await streamed.finishUnkept(created))).toEqual(problem);
  });

  it.each<[string, (run: HttpRun) => unknown]>([
    ['too large', (run) => run.finish({ ...created, body: Buffer.alloc(11) })],
    ['unkept', (run) => run.finishUnkept(created)],
  ])('that is %s is known to have been given, and never done again', async (_what, finish) => {
    const { run, begin, engine } = setUp({ maxResponseBody: 10 });
    expect(await finish(await run())).toBeNull();
    expect(engine.steps).toEqual(['complete']);
    expect(told(await begin())).toEqual({
      status: 409,
      code: 'idempotency-not-replayable',
      detail: 'It was answered 201.',
    });
  });

  it('is sent before it is kept where the options say so, but never in a transaction', async () => {
    const { run, engine } = setUp({ persist: 'after-send' });
    const kept = Promise.withResolvers<void>();
    engine.beforeCompletion = kept.promise;
    expect(await (await run()).finish(created)).toBeNull();
    expect(await (await run({ headers: KEY_2 })).finishUnkept(created)).toBeNull();
    expect(engine.steps).toEqual([]);
    const inTransaction = await run({ headers: { 'idempotency-key': 'k3' } });
    Object.assign(inTransaction.execution, { transaction: {} });
    const finish = inTransaction.finish(created);
    const soon = new Promise((resolve) => setImmediate(resolve, 'waits'));
    expect(await Promise.race([finish, soon])).toBe('waits');
    kept.resolve();
    expect(await finish).toBeNull();
    expect(engine.steps).toEqual(['complete', 'complete', 'complete']);
  });

  it('that is unkept releases or holds by its status like any other', async () => {
    const { run, engine } = setUp();
    expect(await (await run()).finishUnkept({ status: 503, headers: [] })).toBeNull();
    expect(engine.steps).toEqual(['release']);
  });

  it('of another version is not replayed, and not done again', async () => {
    const { run, begin, engine } = setUp();
    await (await run()).finish(created);
    for (const [id] of engine.kept) engine.kept.set(id, '{"v":99}');
    expect(told(await begin())).toEqual({ status: 409, code: 'idempotency-record-unreadable' });
  });
});

describe('a failure', () => {
  it('leaves the outcome unknown, unless its error is marked as harmless', async () => {
    const { run, engine } = setUp();
    await (await run()).fail(new Error('boom'));
    await (await run({ headers: KEY_2 })).fail(safeToRetry(new Error('not connected')));
    expect(engine.steps).toEqual(['hold', 'release']);
  });
});
