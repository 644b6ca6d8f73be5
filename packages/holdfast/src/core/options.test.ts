import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { bulkhead } from '../policies/bulkhead/bulkhead.ts';
import { circuitBreaker } from '../policies/circuit-breaker/circuit-breaker.ts';
import { deadline } from '../policies/deadline/deadline.ts';
import { retryBudget } from '../policies/retry-budget/retry-budget.ts';
import { retry } from '../policies/retry/retry.ts';
import { timeout } from '../policies/timeout/timeout.ts';
import {
  callback,
  duration,
  flag,
  integer,
  nested,
  number,
  oneOf,
  optional,
  parseOptions,
  tableSchema,
} from './options.ts';
import { withSharedParts } from './shared-options.ts';

const short = { brief: duration({ what: 'A short time', default: '1s', max: 60_000 }) };
const table = {
  time: duration({ what: 'A time', default: '1s', min: 1 }),
  whole: integer({ what: 'A whole number', default: 3, min: 1, max: 10 }),
  part: number({ what: 'A part', default: 0.5, min: 0, max: 1 }),
  word: oneOf(['one', 'other'], { what: 'A word', default: 'one' }),
  yes: flag({ what: 'Yes or no', default: true }),
  told: callback<() => void>({ what: 'Is told' }),
  inner: nested(
    { depth: integer({ what: 'Depth', default: 1, min: 0, max: Infinity }) },
    {
      what: 'Inner options',
    },
  ),
  maybe: optional(
    { depth: integer({ what: 'Depth', default: 1, min: 0, max: 9 }) },
    {
      what: 'Inner options, perhaps',
      default: false,
    },
  ),
};

const parse = (given: unknown) => parseOptions(table, given, 'thing');

/** The message for these options. */
function problem(given: unknown): string {
  try {
    parse(given);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'none';
}

class Named {
  readonly whole = 5;
  static name(): string {
    return 'its source is content';
  }
}

describe('options', () => {
  test('that are left out, or undefined, have their defaults', () => {
    const defaults = {
      time: 1000,
      whole: 3,
      part: 0.5,
      word: 'one',
      yes: true,
      told: undefined,
      inner: { depth: 1 },
      maybe: null,
    };
    expect(parse(undefined)).toEqual(defaults);
    expect(parse({})).toEqual(defaults);
    expect(parse(Object.fromEntries(Object.keys(table).map((name) => [name, undefined])))).toEqual(
      defaults,
    );
    expect(parse({ maybe: true }).maybe).toEqual({ depth: 1 });
    expect(parse({ maybe: { depth: 2 } }).maybe).toEqual({ depth: 2 });
  });

  test.each([
    [{ whole: NaN }, 'RangeError: thing.whole must be a whole number from 1 to 10, got NaN'],
    [{ whole: 0 }, 'RangeError: thing.whole must be a whole number from 1 to 10, got 0'],
    [{ whole: 11 }, 'RangeError: thing.whole must be a whole number from 1 to 10, got 11'],
    [{ whole: 1.5 }, 'RangeError: thing.whole must be a whole number from 1 to 10, got 1.5'],
    [
      { whole: Infinity },
      'RangeError: thing.whole must be a whole number from 1 to 10, got Infinity',
    ],
    [{ whole: '3' }, 'TypeError: thing.whole must be a whole number from 1 to 10, got "3"'],
    [{ whole: null }, 'TypeError: thing.whole must be a whole number from 1 to 10, got null'],
    [{ part: -0.1 }, 'RangeError: thing.part must be a number from 0 to 1, got -0.1'],
    [{ part: NaN }, 'RangeError: thing.part must be a number from 0 to 1, got NaN'],
    [{ word: 'on' }, "RangeError: thing.word must be one of 'one', 'other', got \"on\""],
    [{ word: 1 }, "TypeError: thing.word must be one of 'one', 'other', got 1"],
    [{ yes: 'true' }, 'TypeError: thing.yes must be true or false, got "true"'],
    [{ told: 5 }, 'TypeError: thing.told must be a function, got 5'],
    [
      { inner: { depth: -1 } },
      'RangeError: thing.inner.depth must be a whole number of at least 0, got -1',
    ],
    [{ inner: [] }, 'TypeError: thing.inner must be an object of options, got an array'],
    [{ inner: false }, 'TypeError: thing.inner must be an object of options, got false'],
    [{ maybe: 5 }, 'TypeError: thing.maybe must be an object of options, true or false, got 5'],
    [null, 'TypeError: thing must be an object of options, got null'],
    [5, 'TypeError: thing must be an object of options, got 5'],
    [5n, 'TypeError: thing must be an object of options, got 5n'],
    [[], 'TypeError: thing must be an object of options, got an array'],
    [() => {}, 'TypeError: thing must be an object of options, got a function'],
  ])('%o: %s', (given, expected) => expect(problem(given)).toBe(expected));

  test.each([
    ['a Map', new Map([['whole', 5]]), 'Map'],
    ['a promise of them', Promise.resolve({ whole: 5 }), 'Promise'],
    ['an heir of them', Object.create({ whole: 5 }), 'a class'],
    ['an instance whose class has a name() of its own', new Named(), 'a class'],
  ])('are not %s, in which they would go unseen', (_what, given, shown) => {
    const expected = `must be an object of options, got an instance of ${shown}`;
    expect(problem(given)).toBe(`TypeError: thing ${expected}`);
    expect(problem({ inner: given })).toBe(`TypeError: thing.inner ${expected}`);
  });

  test('may come from another realm, or have no prototype', () => {
    expect(parse(runInNewContext('({ whole: 5 })')).whole).toBe(5);
    expect(parse(Object.assign(Object.create(null), { whole: 6 })).whole).toBe(6);
  });

  test.each([[0], [-1], [NaN], [Infinity], [2 ** 60], ['5'], ['-5s'], ['soon']])(
    'do not take %j for a time of at least 1 ms',
    (time) => expect(problem({ time })).toMatch(/^RangeError: thing.time must be a duration of at/),
  );

  test('do not take a moment for a time, unless it is written as one', () => {
    expect(problem({ time: Date.UTC(2026, 0) })).toBe(
      "RangeError: thing.time must be a duration of at least 1ms (milliseconds, or like '250ms', '5s', '1m', '1h', '7d'), and no moment like Date.now(), got 1767225600000",
    );
    expect(parse({ time: '36500d' }).time).toBe(36_500 * 86_400_000);
    expect(parse({ time: 1e13 }).time).toBe(1e13);
  });

  test('tell how a time is written to whoever wrote none', () => {
    const forms = "written like '250ms', '5s', '1m', '1h', '7d'";
    for (const time of ['1,5s', '5sec', '5']) {
      expect(() => parseOptions(short, { brief: time }, 'thing')).toThrow(
        `thing.brief must be a duration from 0ms to 1m, ${forms}, got "${time}"`,
      );
    }
    expect(() => parseOptions(short, { brief: '2m' }, 'thing')).toThrow(
      'thing.brief must be a duration from 0ms to 1m, got "2m"',
    );
  });

  test.each([[null], [true], [{}], [[1]]])('do not take %j for a time at all', (time) =>
    expect(problem({ time })).toMatch(/^TypeError: thing.time must be a duration/),
  );

  test('with a misspelt name are an error that knows what was meant', () => {
    expect(problem({ hwole: 1 })).toBe(
      "TypeError: thing.hwole is not an option; did you mean 'whole'?",
    );
    expect(problem({ Word: 'one' })).toMatch(/did you mean 'word'/);
    expect(problem({ inner: { dept: 1 } })).toMatch(/^TypeError: thing.inner.dept is not/);
    expect(problem({ somethingElse: 1 })).toMatch(/known are time, whole, part, word/);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    'named %s are as unknown as any other',
    (name) => {
      const given = JSON.parse(`{ "${name}": { "whole": 5 } }`);
      expect(problem(given)).toMatch(new RegExp(`thing.${name} is not an option`));
      expect(Object.hasOwn(Object.prototype, 'whole')).toBe(false);
    },
  );

  test('are told of whole: everything that is wrong, at once', () => {
    expect(
      problem({ whole: 0, part: 'half', wrod: 'one', inner: { depth: -1 } }).split('\n'),
    ).toEqual([
      "TypeError: thing.wrod is not an option; did you mean 'word'?",
      'thing.whole must be a whole number from 1 to 10, got 0',
      'thing.part must be a number from 0 to 1, got "half"',
      'thing.inner.depth must be a whole number of at least 0, got -1',
    ]);
  });

  test('are shown short, and never by the content of an object', () => {
    expect(problem({ word: 'x'.repeat(1000) }).length).toBeLessThan(200);
    expect(problem({ yes: { password: 'secret' } })).not.toMatch(/secret/);
  });

  test('have a JSON Schema', () => {
    const schema = tableSchema(table) as { properties: Record<string, unknown> };
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(Object.keys(schema.properties)).toEqual(Object.keys(table).filter((k) => k !== 'told'));
    expect(schema.properties['whole']).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 10,
      description: 'A whole number',
      default: 3,
    });
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});

/** Frozen through and through: whoever writes to it throws. */
function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object') frozen(inner as object);
  return Object.freeze(value);
}

describe('one options object', () => {
  const makers: Record<string, (options: never) => unknown> = {
    bulkhead,
    circuitBreaker,
    deadline,
    retry,
    retryBudget,
    timeout,
  };

  test.each([
    ['bulkhead', { maxConcurrent: 2 }],
    ['circuitBreaker', { window: '10s' }],
    ['deadline', { after: '1s' }],
    ['retry', { maxAttempts: 2, backoff: { base: '1s' } }],
    ['retryBudget', { ratio: 0.2 }],
    ['timeout', { after: '1s' }],
  ])('of %s is never written to', (name, options) => {
    expect(() => makers[name]!(frozen(options) as never)).not.toThrow();
  });

  test('makes as many independent instances as one likes', () => {
    const options = { maxConcurrent: 1 };
    const [one, other] = [bulkhead(options), bulkhead(options)];
    options.maxConcurrent = 5;
    expect(one.snapshot!()).toMatchObject({ maxConcurrent: 1 });
    const breakers = [circuitBreaker({}), circuitBreaker({})];
    breakers[0]!.isolate();
    expect(breakers.map(({ state }) => state)).toEqual(['isolated', 'closed']);
    expect(other.inFlight).toBe(0);
  });
});

describe('equal options', () => {
  test('are held once, however often and in whatever words they were given', () => {
    expect(parse({ time: '2s', whole: 3 })).toBe(parse({ time: 2000 }));
    expect(parse({ time: '2s' })).not.toBe(parse({ time: '3s' }));
  });

  test('are not taken for equal where they hold a callback', () => {
    const [one, other] = [() => {}, () => {}];
    expect(parse({ told: one }).told).toBe(one);
    expect(parse({ told: other }).told).toBe(other);
  });

  test('are parsed once: parsed options are answered as they are', () => {
    const parsed = parse({ time: '2s', told: () => {} });
    expect(parse(parsed)).toBe(parsed);
  });

  test('are held once for each part, however the whole differs', () => {
    const one = withSharedParts(table, parse({ told: () => {}, inner: { depth: 7 } }));
    const other = withSharedParts(table, parse({ time: '9s', inner: { depth: 7 } }));
    expect(one.inner).toBe(other.inner);
    expect(one.time).not.toBe(other.time);
  });
});
