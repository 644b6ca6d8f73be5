import { expect, test } from 'vitest';
import { withRuntime } from '../index.ts';
import { testRuntime } from './index.ts';

test('a misspelt option of a call is found in tests', async () => {
  const { pipeline, timeout } = withRuntime(testRuntime());
  const misspelt = { idempotant: true } as object;
  await expect(pipeline(timeout('1s')).call(() => 1, misspelt)).rejects.toThrow(
    'options.idempotant is not an option',
  );
});
