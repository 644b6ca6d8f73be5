import { type Attempt, pending, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('a timeout aborts its own attempt, and no other of the same pipeline', () => {
  const runtime = testRuntime();
  const limited = pipeline(timeout(100, runtime));
  const attempts: Attempt[] = [];
  const operation = (attempt: Attempt) => {
    attempts.push(attempt);
    return pending;
  };
  const ended: string[] = [];
  limited.start(operation, () => ended.push('first'));
  runtime.clock.advance(50);
  limited.start(operation, () => ended.push('second'));
  const [first, second] = attempts.map(({ signal }) => signal);
  runtime.clock.advance(50);
  expect([ended, first!.aborted, second!.aborted]).toEqual([['first'], true, false]);
  runtime.clock.advance(50);
  expect([ended, second!.aborted]).toEqual([['first', 'second'], true]);
});
