import { classify, fallback, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

/** A failed call whose fallback never answers, unless it is told to. */
function house() {
  const runtime = testRuntime();
  const dropped: unknown[] = [];
  let answer!: (value: string) => void;
  const run = () => new Promise<string>((resolve) => (answer = resolve));
  const judged = classify(
    () => 'transient',
    (value) => dropped.push(value),
  );
  const slow = fallback({ run, timeout: '1s' }, runtime);
  const call = pipeline(judged, timeout(100, runtime), slow).tryCall(() => 503);
  return { answer: (value: string) => answer(value), call, clock: runtime.clock, dropped };
}

test('an answer that a fallback was to replace is let go when that is cut', async () => {
  const { call, clock, dropped } = house();
  await clock.advanceAsync(100);
  expect(await call).toMatchObject({ ok: false, error: { code: 'ATTEMPT_TIMEOUT' } });
  expect(dropped).toEqual([503]);
});

test('what a fallback answers too late is let go', async () => {
  const { answer, clock, dropped } = house();
  await clock.advanceAsync(100);
  answer('late');
  await clock.advanceAsync(0);
  expect(dropped).toEqual([503, 'late']);
});
