import { classify, pipeline, retry, timeout } from 'holdfast';
import { TestClock, testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

/** As in production: `recent()` is what `now()` answered last. */
class SparingClock extends TestClock {
  #recent = 0;

  override now(): number {
    return (this.#recent = super.now());
  }

  override recent(): number {
    return this.#recent;
  }
}

test.each([['straight'], ['again']])('a result tells how long a success took: %s', async (way) => {
  const clock = new SparingClock();
  const runtime = { ...testRuntime(), clock, sink: null };
  const judged = classify(({ ok }) => (ok ? 'success' : 'transient'));
  const calls = pipeline(judged, retry({ backoff: { base: 0 } }, runtime), timeout('1s', runtime));
  const answers: (() => void)[] = [];
  const call = calls.tryCall(
    ({ number }) => {
      if (way === 'again' && number === 1) throw new Error('once');
      return new Promise<void>((resolve) => answers.push(resolve));
    },
    { idempotent: true },
  );
  clock.advance(90);
  answers[0]!();
  expect((await call).attempts.at(-1)).toMatchObject({ verdict: 'success', duration: 90 });
});
