import { describe, expect, test, vi } from 'vitest';
import { outcomeOf, setting } from '../../test/idempotency-setting.ts';
import type { OwnedExecution } from './idempotency.ts';

const request = { key: 'k', scope: [], fingerprint: 'f' };

/** Opens a key that nobody has. */
async function opened({ engine }: ReturnType<typeof setting>): Promise<OwnedExecution<undefined>> {
  const answer = await engine.open(request);
  if (answer.kind !== 'run') throw new Error(answer.kind);
  return answer.execution;
}

describe('a fingerprint', () => {
  test.each([
    ['a b', 'got one of 3'],
    ['{"cents":995}', 'got one of 13'],
    ['', 'got one of 0'],
    ['x'.repeat(65), 'got one of 65'],
    ['f\n', 'got one of 2'],
    ['kBQ+8/Y=', 'got one of 8'],
    [undefined, 'got undefined'],
    [7, 'got number'],
  ])('that no store need keep is refused before any is asked: %j', async (fingerprint, got) => {
    const { engine, store } = setting();
    const answer = await outcomeOf(
      (async () => engine.open({ ...request, fingerprint: fingerprint as string }))(),
    );
    expect(answer).toBeInstanceOf(TypeError);
    const range =
      "1 to 64 letters, digits, '-' and '_', as fingerprintOf makes it, or a digest in hex or base64url (not base64)";
    expect((answer as Error).message).toBe(
      `idempotency: the fingerprint must be a string of ${range}, ${got}`,
    );
    expect(store.steps).toEqual([]);
  });

  test.each(['-', 'x'.repeat(64), 'a_B-9'])('may be %s', async (fingerprint) => {
    const { engine } = setting();
    expect(await engine.open({ ...request, fingerprint })).toMatchObject({ kind: 'run' });
  });
});

describe('a result', () => {
  const wrong: readonly unknown[] = [undefined, { id: 7 }, 'a\0b', '\ud800'];

  test.each(wrong)('that no store need keep is refused, and nothing is: %j', async (result) => {
    const made = setting();
    const execution = await opened(made);
    const refused = await outcomeOf((async () => execution.complete(result as string))());
    expect(refused).toBeInstanceOf(TypeError);
    expect((refused as Error).message).toMatch(/^complete: the result must be a string/);
    expect(made.store.steps).toEqual(['claim']);
    await execution.hold();
    const repeat = await made.engine.open(request);
    expect(repeat).toMatchObject({ kind: 'refused', error: { why: 'outcome-unknown' } });
  });

  test.each(wrong)('that was found out leaves the outcome unknown: %j', async (result) => {
    const made = setting({ reconcile: () => ({ outcome: 'done', result: null }) });
    await (await opened(made)).hold();
    await made.runtime.clock.advanceAsync(30_001);
    const repeat = await made.engine.open({ ...request, encode: () => result as string });
    expect(repeat).toMatchObject({ kind: 'refused', error: { why: 'outcome-unknown' } });
    const [failed] = made.runtime.sink.of('idempotency.hook-failed');
    expect(String((failed as { error?: unknown }).error)).toMatch(
      /^TypeError: reconcile: what encode answers/,
    );
    expect(made.engine.snapshot()).toMatchObject({ running: 0 });
    expect(made.runtime.clock.armed).toBe(0);
  });

  test('may hold what JSON escapes', async () => {
    const made = setting();
    const result = JSON.stringify('a\0b\ud800');
    await (await opened(made)).complete(result);
    expect(await made.engine.open(request)).toMatchObject({ kind: 'replay', result });
  });
});

test('an answer has left when it is first said to have, however often: a close waits for the others', async () => {
  const { engine, runtime, store } = setting();
  const close = vi.spyOn(store, 'close');
  const left: (() => void)[] = [];
  for (const key of ['k1', 'k2']) {
    const answer = await engine.open({ ...request, key, whenLeft: (then) => void left.push(then) });
    if (answer.kind === 'run') await answer.execution.complete('"done"');
  }
  const closed = engine.close({ wait: '1m' });
  // As of responses that finish and then close.
  for (let time = 0; time < 2; time++) left[0]!();
  await runtime.clock.advanceAsync(1000);
  expect(close).not.toHaveBeenCalled();
  expect(engine.snapshot()).toMatchObject({ running: 0, leaving: 1 });
  left[1]!();
  await runtime.clock.advanceAsync(1000);
  expect(close).toHaveBeenCalledOnce();
  await closed;
});

test('whoever cannot say when an answer has left gets none, and is not waited for', async () => {
  const { engine, store } = setting();
  const claim = vi.spyOn(store, 'claim');
  const broken = new TypeError('response.once is not a function');
  const whenLeft = (): never => {
    throw broken;
  };
  await expect(engine.open({ ...request, whenLeft })).rejects.toBe(broken);
  expect(claim).not.toHaveBeenCalled();
  expect(engine.snapshot()).toMatchObject({ leaving: 0 });
  // On a clock that stands still, it would wait for ever.
  await engine.close({ wait: '1m' });
});
