import { describe, expect, test, vi } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';

const { classify, pipeline, retry } = withRuntime(testRuntime());
const SAFE = { idempotent: true };

describe('a classifier', () => {
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['sucess', '"sucess"'],
    [{}, 'an object'],
    [{ verdict: 'bad' }, '"bad"'],
    [7, '7'],
    [{ verdict: Object.create(null) }, 'an object'],
    [Promise.resolve('success'), 'a promise'],
  ])('that answers %j instead of a verdict ends the call with a TypeError', async (answer, got) => {
    const wrong = classify(() => answer as never);
    const result = await pipeline(wrong, retry({ backoff: { base: 0 } })).tryCall(() => 1, SAFE);
    expect(result).toMatchObject({ ok: false, verdict: 'terminal', stoppedBy: 'terminal' });
    expect(String(result.error)).toBe(`TypeError: classify must answer a verdict, got ${got}`);
    expect(result.attempts).toHaveLength(1);
  });

  test('that is async and throws leaves no rejection behind', async () => {
    const answer = Promise.reject(new Error('no verdict'));
    const heard = vi.spyOn(answer, 'catch');
    const result = await pipeline(classify(() => answer as never)).tryCall(() => 1);
    expect(String(result.error)).toContain('got a promise');
    expect(heard).toHaveBeenCalledOnce();
  });

  test('whose answer cannot be read ends the call with what that threw', async () => {
    const thrown = new Error('in the getter');
    const unreadable = Object.defineProperty({}, 'verdict', {
      get: () => {
        throw thrown;
      },
    });
    const calls = pipeline(
      classify(() => unreadable as never),
      retry(),
    );
    for (const operation of [() => 1, async () => 1, () => Promise.reject(new Error('down'))]) {
      const result = await calls.tryCall(operation, SAFE);
      expect(result).toMatchObject({ ok: false, verdict: 'terminal', stoppedBy: 'terminal' });
      expect(result.error).toBe(thrown);
    }
  });

  test('that throws ends the call with what it threw', async () => {
    const thrown = new Error('in the classifier');
    const broken = classify(() => {
      throw thrown;
    });
    const result = await pipeline(broken, retry()).tryCall(() => 1, SAFE);
    expect(result.error).toBe(thrown);
    expect(result.verdict).toBe('terminal');
  });
});
