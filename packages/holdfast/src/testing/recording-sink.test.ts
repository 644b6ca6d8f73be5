import { expect, test } from 'vitest';
import { recordingSink } from './recording-sink.ts';

test('a recording sink keeps what it is told until it is cleared', () => {
  const sink = recordingSink();
  sink({ type: 'call.settled', dependency: '' });
  sink({ type: 'bulkhead.zombie', dependency: 'x' });
  expect(sink.events).toHaveLength(2);
  expect(sink.of('bulkhead.zombie')).toEqual([{ type: 'bulkhead.zombie', dependency: 'x' }]);
  sink.clear();
  expect(sink.events).toEqual([]);
});
