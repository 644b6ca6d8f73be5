import { expect, test } from 'vitest';
import { runFile } from './child.ts';

const FLAGS = [
  // Room for all that could be allocated: no collection comes in between.
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  // What one function hands another is allocated, as between callers that do not know each other.
  '--no-maglev-inlining',
  '--no-turbo-inlining',
  // Code that is warm is compiled before it goes on, however busy the machine.
  '--no-concurrent-recompilation',
];
/** Bytes that no object fits into. */
const SMALLEST = 12;

test('a success on its way through a closed breaker allocates nothing', async () => {
  const { code, stdout, stderr } = await runFile('programs/allocation.ts', [], FLAGS);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { object, ...ways } = JSON.parse(stdout) as Record<string, number>;
  expect(object).toBeGreaterThan(SMALLEST);
  expect(Object.keys(ways)).toHaveLength(12);
  // Not even one call in twelve does.
  expect(Object.entries(ways).filter(([, bytes]) => Math.abs(bytes) >= 1)).toEqual([]);
}, 60_000);
