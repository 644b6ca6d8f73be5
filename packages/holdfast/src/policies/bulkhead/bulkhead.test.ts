import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  type Bulkhead,
  bulkhead,
  type BulkheadOptions,
  circuitBreaker,
  classify,
  pipeline,
  retry,
  timeout,
} from '../../index.ts';
import { testRuntime } from '../../testing/index.ts';
import { makeBulkhead } from '../../../test/bulkheads.ts';

const zombies = ({ slots }: { slots: Bulkhead }) => slots.snapshot!()['zombies'];
const withTimeout = (options: BulkheadOptions) =>
  makeBulkhead(options, (runtime) => ({ inside: [timeout(100, runtime)] }));

describe('slots', () => {
  test('no more operations run at once than there are slots', () => {
    const { begin, started, slots } = makeBulkhead({ maxConcurrent: 2 });
    ['a', 'b', 'c', 'd'].forEach((name) => begin(name));
    expect(started).toEqual(['a', 'b']);
    expect([slots.inFlight, slots.queued]).toEqual([2, 2]);
  });

  test('a slot that is free again goes to the one that waits', () => {
    const { begin, started, slots } = makeBulkhead({ maxConcurrent: 1 });
    const first = begin('a');
    begin('b');
    first.attempt!.succeed(1);
    expect(started).toEqual(['a', 'b']);
    expect([slots.inFlight, slots.queued]).toEqual([1, 0]);
  });

  test.each([
    ['succeeds', (attempt: Attempt) => attempt.succeed(1)],
    ['fails', (attempt: Attempt) => attempt.fail(new Error('no'))],
    ['settles twice', (attempt: Attempt) => (attempt.succeed(1), attempt.fail(2))],
  ])('an operation that %s gives its slot back once', (_how, end) => {
    const { begin, slots } = makeBulkhead({ maxConcurrent: 3 });
    const made = begin('a');
    begin('b');
    end(made.attempt!);
    expect(slots.inFlight).toBe(1);
  });

  test('an operation that throws at once gives its slot back', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, runtime);
    pipeline(slots).start(
      () => {
        throw new Error('no');
      },
      () => {},
    );
    expect(slots.inFlight).toBe(0);
  });

  test('a call that is refused further in gives its slot back', () => {
    const { begin, slots } = makeBulkhead({}, (runtime) => {
      const breaker = circuitBreaker({}, runtime);
      breaker.isolate();
      return { inside: [breaker] };
    });
    expect(begin('a').end).toBe('CIRCUIT_OPEN');
    expect(slots.inFlight).toBe(0);
  });

  test('a backoff holds no slot', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, runtime);
    const calls = pipeline(
      classify((o) => (o.ok ? 'success' : 'transient')),
      retry({ backoff: { base: 1000, jitter: 'none' } }, runtime),
      slots,
    );
    calls.start(
      () => {
        throw new Error('no');
      },
      () => {},
      { idempotent: true },
    );
    expect(runtime.clock.armed).toBe(1);
    expect(slots.inFlight).toBe(0);
  });
});

describe('operations that ignore their abort', () => {
  test('by default leave their slot at once, and are counted as zombies until they settle', () => {
    const circuit = withTimeout({ maxConcurrent: 1 });
    const { begin, slots, clock, runtime } = circuit;
    const hung = begin('hung');
    clock.advance(100);
    expect(slots.inFlight).toBe(0);
    expect(zombies(circuit)).toBe(1);
    expect(runtime.sink.of('bulkhead.zombie')).toMatchObject([{ zombies: 1 }]);
    hung.attempt!.succeed('late');
    hung.attempt!.succeed('later');
    expect(zombies(circuit)).toBe(0);
    expect(slots.inFlight).toBe(0);
  });

  test("with releaseOn 'settle' hold their slot until they settle", () => {
    const circuit = withTimeout({ maxConcurrent: 1, releaseOn: 'settle' });
    const { begin, slots, clock, started } = circuit;
    const hung = begin('hung');
    clock.advance(100);
    expect(hung.end).toBe('ATTEMPT_TIMEOUT');
    expect(slots.inFlight).toBe(1);
    begin('next');
    expect(started).toEqual(['hung']);
    hung.attempt!.fail('late');
    hung.attempt!.fail('later');
    expect(started).toEqual(['hung', 'next']);
    expect([slots.inFlight, zombies(circuit)]).toEqual([1, 0]);
  });
});

test('its snapshot is plain JSON', () => {
  const { begin, slots } = makeBulkhead({ maxConcurrent: 1, maxQueue: 5 });
  begin('a');
  begin('b');
  const snapshot = slots.snapshot!();
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  expect(snapshot).toEqual({ inFlight: 1, queued: 1, zombies: 0, maxConcurrent: 1, maxQueue: 5 });
});

test('wrong options are told by path, range and value', () => {
  expect(() => bulkhead({ maxConcurrent: 0, maxQueue: 1.5 })).toThrow(
    /bulkhead\.maxConcurrent must be a whole number from 1 to 1000000, got 0\nbulkhead\.maxQueue .* got 1\.5/,
  );
});
