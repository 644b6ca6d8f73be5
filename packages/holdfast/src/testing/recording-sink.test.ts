import { expect, test } from 'vitest';
import { recordingSink } from './recording-sink.ts';
import { testRuntime } from './test-runtime.ts';

test('a recording sink keeps what it is told until it is cleared', () => {
  const sink = recordingSink();
  sink({ type: 'call.settled', dependency: '' });
  sink({ type: 'bulkhead.zombie', dependency: 'x' });
  expect(sink.events).toHaveLength(2);
  expect(sink.of('bulkhead.zombie')).toEqual([{ type: 'bulkhead.zombie', dependency: 'x' }]);
  sink.clear();
  expect(sink.events).toEqual([]);
});

const draw = (seed?: number) => testRuntime(seed).random.next();

test('a test runtime repeats itself for the same seed', () => {
  expect(draw(5)).toBe(draw(5));
  expect(draw(5)).not.toBe(draw(6));
  expect(draw()).toBe(draw(1));
});
