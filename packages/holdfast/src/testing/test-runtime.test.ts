import { expect, test } from 'vitest';
import { withRuntime } from '../index.ts';
import { testRuntime } from './index.ts';

test('a test runtime finds a misspelt option of a call', async () => {
  const { pipeline, timeout } = withRuntime(testRuntime());
  const misspelt = { idempotant: true } as object;
  await expect(pipeline(timeout('1s')).call(() => 1, misspelt)).rejects.toThrow(
    'options.idempotant is not an option',
  );
});

const draw = (seed?: number) => testRuntime(seed).random.next();

test('a test runtime repeats itself for the same seed', () => {
  expect(draw(5)).toBe(draw(5));
  expect(draw(5)).not.toBe(draw(6));
  expect(draw()).toBe(draw(1));
});
