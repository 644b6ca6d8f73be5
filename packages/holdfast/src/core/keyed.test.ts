import { describe, expect, test } from 'vitest';
import { testRuntime } from '../testing/index.ts';
import { keyed, type KeyedOptions } from './keyed.ts';

interface Thing {
  readonly key: string;
  evictable: boolean;
}

function setUp(options: KeyedOptions = {}) {
  const runtime = testRuntime();
  const made: string[] = [];
  const create = (key: string): Thing => {
    made.push(key);
    return { key, evictable: true };
  };
  return { clock: runtime.clock, made, things: keyed(create, options, runtime) };
}

describe('a registry', () => {
  test('makes one instance per key, when it is first asked for', () => {
    const { things, made } = setUp();
    const first = things.get('a');
    expect(things.get('a')).toBe(first);
    expect(things.get('b')).not.toBe(first);
    expect(made).toEqual(['a', 'b']);
  });

  test('lists its keys, the least recently used first', () => {
    const { things } = setUp();
    for (const key of ['a', 'b', 'c', 'a']) things.get(key);
    expect([...things.keys()]).toEqual(['b', 'c', 'a']);
  });

  test('does not grow for ever: a hundred thousand keys keep as many instances as it may hold', () => {
    const { things } = setUp({ maxEntries: 100 });
    for (let i = 0; i < 100_000; i++) things.get(`user ${i}`);
    expect(things.size).toBe(100);
  });

  test('when it is full, the least recently used makes room', () => {
    const { things } = setUp({ maxEntries: 2 });
    for (const key of ['a', 'b', 'a', 'c']) things.get(key);
    expect([...things.keys()]).toEqual(['a', 'c']);
  });

  test('when it is full, one that may not be forgotten stays', () => {
    const { things } = setUp({ maxEntries: 2 });
    const open = things.get('a');
    open.evictable = false;
    things.get('b');
    things.get('c');
    expect(things.get('a')).toBe(open);
    expect([...things.keys()].toSorted()).toEqual(['a', 'c']);
  });

  test('when none may be forgotten, all further keys share one instance', () => {
    const { things, made } = setUp({ maxEntries: 2 });
    for (const key of ['a', 'b']) things.get(key).evictable = false;
    const shared = things.get('c');
    expect(shared.key).toBe('*');
    expect(things.get('d')).toBe(shared);
    expect(things.size).toBe(2);
    expect(made).toEqual(['a', 'b', '*']);
  });

  test('a key gets an instance of its own as soon as there is room again', () => {
    const { things } = setUp({ maxEntries: 1 });
    const open = things.get('a');
    open.evictable = false;
    expect(things.get('b').key).toBe('*');
    open.evictable = true;
    expect(things.get('b').key).toBe('b');
  });
});

describe('idle instances', () => {
  test('are forgotten as others are asked for, without any timer', () => {
    const { things, clock } = setUp({ idle: '10m' });
    for (const key of ['a', 'b', 'c']) things.get(key);
    expect(clock.armed).toBe(0);
    clock.advance(600_000);
    things.get('d');
    expect([...things.keys()]).toEqual(['d']);
  });

  test('are kept for as long as `idle` says, counted from their last use', () => {
    const { things, clock } = setUp({ idle: '10m' });
    const first = things.get('a');
    clock.advance(300_000);
    things.get('a');
    clock.advance(599_999);
    things.get('b');
    expect(things.get('a')).toBe(first);
  });

  test('are kept if they may not be forgotten, and do not hide others that may', () => {
    const { things, clock } = setUp({ idle: '10m' });
    const open = Array.from({ length: 50 }, (_, i) => things.get(`open ${i}`));
    for (const thing of open) thing.evictable = false;
    for (let i = 0; i < 50; i++) things.get(`closed ${i}`);
    clock.advance(600_000);
    for (let i = 0; i < 20; i++) things.get(`new ${i}`);
    expect([...things.keys()].filter((key) => key.startsWith('closed'))).toEqual([]);
    expect(open.map(({ key }) => things.get(key))).toEqual(open);
  });

  test('that do not say whether they are evictable may be forgotten', () => {
    const runtime = testRuntime();
    const dates = keyed(() => ({}), { maxEntries: 1 }, runtime);
    const first = dates.get('a');
    dates.get('b');
    expect(dates.get('a')).not.toBe(first);
  });
});

test.each([
  [undefined, 'undefined'],
  [null, 'object'],
  [7, 'number'],
  ['', 'an empty one'],
])('a key must be a string that says something: %s', (key, got) => {
  const { things, made } = setUp();
  const message = `keyed: the key must be a non-empty string, got ${got}`;
  expect(() => things.get(key as string)).toThrow(new TypeError(message));
  expect([things.size, made]).toEqual([0, []]);
});

test('an instance that could not be made leaves no trace', () => {
  const runtime = testRuntime();
  let fails = true;
  const things = keyed(
    (key) => {
      if (fails) throw new Error('no');
      return { key };
    },
    {},
    runtime,
  );
  expect(() => things.get('a')).toThrow('no');
  expect(things.size).toBe(0);
  fails = false;
  expect(things.get('a').key).toBe('a');
});

test.each([
  [undefined, 'undefined'],
  [null, 'null'],
  [5, '5'],
])('an instance is an object, and not %s', (made, shown) => {
  const things = keyed(() => made as never);
  const message = `keyed: what is made for a key must be an object, got ${shown}`;
  expect(() => things.get('a')).toThrow(new TypeError(message));
  expect(things.size).toBe(0);
});

test('wrong options are told by path', () => {
  expect(() => keyed(() => ({}), { maxEntries: 0, idle: '0s' })).toThrow(
    /keyed\.maxEntries[^]*keyed\.idle/,
  );
  expect(() => keyed(undefined as never)).toThrow('a function of the key');
});
