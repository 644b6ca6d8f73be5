import { classify, pipeline, retry } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('a classifier has no clock that could differ from the others’', () => {
  const verdict = classify(() => 'success');
  expect(() => pipeline(verdict, retry({}, testRuntime()))).not.toThrow();
  expect(() => pipeline(retry({}, testRuntime()), retry({}, testRuntime()), verdict)).toThrow(
    /another clock/,
  );
});
