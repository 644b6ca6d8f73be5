import { fallback, pending, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test.each([[{ run: async () => 'made' }], [{ value: 'kept' }]])(
  'a fallback does not answer for a call that a timeout outside of it has cut: %j',
  async (options) => {
    const runtime = testRuntime();
    const ended: unknown[] = [];
    pipeline(timeout(100, runtime), fallback<string>(options, runtime)).start(
      () => pending,
      ({ ok, fellBack }) => ended.push({ ok, fellBack }),
    );
    await runtime.clock.advanceAsync(100);
    await runtime.clock.advanceAsync(10_000);
    expect(ended).toEqual([{ ok: false, fellBack: false }]);
    expect(runtime.sink.of('fallback.used')).toEqual([]);
  },
);
