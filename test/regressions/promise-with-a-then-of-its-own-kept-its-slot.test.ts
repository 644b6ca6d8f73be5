import { bulkhead, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

function refuse(): never {
  throw new Error('in then');
}

function unthenable(): Promise<unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- this is what is tested
  return Object.defineProperty(Promise.resolve(1), 'then', { value: refuse });
}

test('an operation fails by a promise whose `then` throws, and gives its slot back', async () => {
  const runtime = testRuntime();
  const slots = bulkhead({}, runtime);
  const straight = pipeline(slots).call(unthenable);
  await expect(straight).rejects.toThrow('in then');
  const long = pipeline(timeout(100, runtime), slots).call(unthenable);
  await expect(long).rejects.toThrow('in then');
  expect([slots.inFlight, runtime.clock.armed]).toEqual([0, 0]);
});
