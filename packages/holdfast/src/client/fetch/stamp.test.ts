import { expect, test } from 'vitest';
import { stamp } from './stamp.ts';

test('keeps a value on an object, and another stamp another one', () => {
  const [names, sizes] = [stamp<string>(), stamp<number>()];
  const response = new Response();
  names.set(response, 'first');
  names.set(response, 'second');
  sizes.set(response, 3);
  expect([names.get(response), sizes.get(response)]).toEqual(['second', 3]);
  expect(names.get(new Response())).toBeUndefined();
});

test('nobody sees it', () => {
  const response = new Response();
  stamp<string>().set(response, 'secret');
  expect(Reflect.ownKeys(response)).toEqual(Reflect.ownKeys(new Response()));
  expect(Object.getPrototypeOf(response)).toBe(Response.prototype);
});

test('takes what is frozen, and a proxy', () => {
  const stamped = stamp<string>();
  const all = [Object.freeze({}), new Proxy({}, {})];
  for (const object of all) stamped.set(object, 'value');
  expect(all.map((object) => stamped.get(object))).toEqual(['value', 'value']);
});
