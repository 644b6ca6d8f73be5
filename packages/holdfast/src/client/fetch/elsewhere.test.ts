import { describe, expect, test } from 'vitest';
import { failedElsewhere, portOf } from './elsewhere.ts';

/** As undici's fetch rejects. */
const failed = (cause: object): Error =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), cause) });
const elsewhere = (url: string, cause: object): boolean =>
  failedElsewhere(failed(cause), new URL(url));

describe('a connection that failed', () => {
  test.each([
    ['http://127.0.0.1:81/', { address: '127.0.0.1', port: 81 }],
    ['http://127.0.0.1/', { address: '127.0.0.1', port: 80 }],
    ['https://[::1]/', { address: '::1', port: 443 }],
    ['https://shop.internal/', { address: '10.0.0.7', port: 443 }],
    ['https://SHOP.internal/', { hostname: 'shop.internal' }],
    ['https://shop.internal/', {}],
    ['http://localhost:81/', { errors: [{ port: 81 }, { port: 81 }] }],
  ])('to %s itself: %j', (url, cause) => expect(elsewhere(url, cause)).toBe(false));

  test.each([
    ['http://127.0.0.1:81/', { address: '127.0.0.1', port: 82 }],
    ['http://127.0.0.1/', { address: '127.0.0.2', port: 80 }],
    ['https://[::1]/', { address: '::2', port: 443 }],
    ['https://shop.internal/', { address: '10.0.0.7', port: 80 }],
    ['https://shop.internal/', { hostname: 'mirror.internal' }],
    ['http://localhost:81/', { errors: [{ port: 82 }] }],
  ])('to another place than %s: %j', (url, cause) => expect(elsewhere(url, cause)).toBe(true));

  test.each([
    ['https://shop.internal/a', false],
    ['https://shop.internal:443/', false],
    ['https://mirror.internal/', true],
    ['https://shop.internal:444/', true],
  ])('is told in words by Deno: %s', (place, isAnother) => {
    for (const words of [`for url (${place})`, `from 10.0.0.1:5 for ${place} (10.0.0.2:6)`]) {
      const message = `error sending request ${words}: client error (Connect): dns error`;
      const error = new TypeError('fetch failed', { cause: new Error(message) });
      expect(failedElsewhere(error, new URL('https://shop.internal/'))).toBe(isAnother);
    }
  });

  test('is looked for among the causes, which may go in a circle', () => {
    const error = new Error('outer', { cause: failed({ port: 82 }) });
    expect(failedElsewhere(error, new URL('http://shop:81/'))).toBe(true);
    const circle = new Error('round');
    circle.cause = circle;
    for (const reason of [circle, 'text', null, undefined]) {
      expect(failedElsewhere(reason, new URL('http://shop/'))).toBe(false);
    }
  });
});

test('a port may be left out', () => {
  const ports = ['http://a/', 'https://a/', 'http://a:81/', 'data:,x'].map((url) =>
    portOf(new URL(url)),
  );
  expect(ports).toEqual(['80', '443', '81', '']);
});
