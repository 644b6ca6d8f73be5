import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';

const { bulkhead, classify, custom, pipeline } = withRuntime(testRuntime());

describe('what a pipeline is given', () => {
  test.each([[undefined], [null], [{}], [() => 1]])('must be policies: %j is none', (part) => {
    expect(() => pipeline(part as never)).toThrow(/^pipeline: every part must be a policy.*, got /);
  });

  test('and not what makes one', () => {
    expect(() => pipeline(bulkhead as never)).toThrow('and so on, got a function');
  });

  test.each([[undefined], [null], ['done']])(
    'to tell of the end must be a function, not %j',
    (done) => {
      const slots = bulkhead();
      expect(() => pipeline(slots).start(() => 1, done as never)).toThrow(
        /^start needs a function.*, got /,
      );
      expect(slots.inFlight).toBe(0);
    },
  );

  test.each([[undefined], [null], [Promise.resolve(1)]])(
    'to wrap must be a function, not %j',
    (operation) => {
      expect(() => pipeline().wrap(operation as never)).toThrow(/^wrap needs a function.*, got /);
    },
  );

  test('to call must be a function, not the promise of a call that was begun outside', async () => {
    await expect(pipeline().call(Promise.resolve(1) as never)).rejects.toThrow(
      'the operation must be a function of an attempt, got an instance of Promise',
    );
  });
});

test('what discards values must be a function', () => {
  expect(() => classify(() => 'success', 'drop' as never)).toThrow(/^classify: discard must be/);
});

describe('a policy of one’s own', () => {
  test.each([[''], [undefined], [7]])('has a name, not %j', (name) => {
    expect(() => custom(name as never, (next) => next())).toThrow(/^custom: the name must be/);
  });

  test.each([
    'bulkhead',
    'circuit-breaker',
    'classify',
    'deadline',
    'fallback',
    'retry',
    'retry-budget',
    'timeout',
  ])('is not named %s, as a built-in policy is', (name) => {
    expect(() => custom(name, (next) => next())).toThrow(/^custom: '.+' is the name of a built-in/);
  });
});
