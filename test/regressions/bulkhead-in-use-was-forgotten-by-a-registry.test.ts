import { bulkhead, keyed, pending, pipeline } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('a registry keeps a bulkhead while something runs in it: a second one would double its limit', () => {
  const runtime = testRuntime();
  const tenants = keyed(() => bulkhead({ maxConcurrent: 1 }, runtime), { maxEntries: 1 }, runtime);
  const slots = tenants.get('a');
  let end!: () => void;
  pipeline(slots).start(
    (attempt) => {
      end = () => attempt.succeed(1);
      return pending;
    },
    () => {},
  );
  tenants.get('b');
  expect(tenants.get('a')).toBe(slots);
  end();
  tenants.get('b');
  expect([...tenants.keys()]).toEqual(['b']);
});
