import { classify, custom, fallback, pending, pipeline, type Settled } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';

/** What comes while the policy is answering comes too late: the call ends with that answer, once. */
function house() {
  const controller = new AbortController();
  const abort = (): void => controller.abort('too late');
  const runtime = testRuntime();
  const aborting = (type: string) => ({
    ...runtime,
    sink: (event: { readonly type: string }) => {
      if (event.type === type) abort();
    },
  });
  const { signal } = controller;
  const ends: unknown[] = [];
  const done = ({ ok, value }: Settled): void => void ends.push(ok ? value : 'rejected');
  return { abort, aborting, clock: runtime.clock, done, ends, runtime, signal };
}

describe('a policy of one’s own answers, and its call is aborted', () => {
  test('by the listener of an attempt that lost', async () => {
    const { abort, clock, done, ends, runtime, signal } = house();
    const race = custom('race', (next) => Promise.race([next(), next()]), runtime);
    pipeline(race).start(
      (attempt) => {
        if (attempt.number === 1) return Promise.resolve('first');
        attempt.signal.addEventListener('abort', abort);
        return pending as never;
      },
      done,
      { signal },
    );
    await clock.advanceAsync(0);
    expect(ends).toEqual(['first']);
  });

  test('by the classifier', async () => {
    const { abort, clock, done, ends, runtime, signal } = house();
    const judged = classify(({ value }) => {
      if (value === 'changed') abort();
      return 'success';
    });
    const changed = custom('changed', async (next) => next().then(() => 'changed'), runtime);
    pipeline(judged, changed).start(() => 'value', done, { signal });
    await clock.advanceAsync(0);
    expect(ends).toEqual(['changed']);
  });
});

describe('a fallback answers, and its call is aborted', () => {
  test('by what discards the answer that it replaces', async () => {
    const { abort, clock, done, ends, runtime, signal } = house();
    const judged = classify(() => 'transient', abort);
    pipeline(judged, fallback({ run: () => 'instead' }, runtime)).start(() => 503, done, {
      signal,
    });
    await clock.advanceAsync(0);
    expect(ends).toEqual(['instead']);
  });

  test.each([
    ['fallback.used', 'instead'],
    ['fallback.failed', 503],
  ])('by who hears %s', async (type, answer) => {
    const { aborting, clock, done, ends, signal } = house();
    const run = () => (answer === 503 ? Promise.reject(new Error('no')) : answer);
    const judged = classify(() => 'transient');
    pipeline(judged, fallback({ run }, aborting(type))).start(() => 503, done, { signal });
    await clock.advanceAsync(0);
    expect(ends).toEqual([answer]);
  });

  test('by who hears that it took too long', async () => {
    const { aborting, clock, done, ends, signal } = house();
    const slow = fallback(
      { run: () => new Promise(() => {}), timeout: 50 },
      aborting('fallback.failed'),
    );
    pipeline(
      classify(() => 'transient'),
      slow,
    ).start(() => 503, done, { signal });
    await clock.advanceAsync(50);
    expect(ends).toEqual([503]);
  });
});
