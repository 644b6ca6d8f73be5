import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Dependency } from '../client/dependency.ts';
import type { HttpAnswer } from '../client/http.ts';
import { testRuntime } from '../testing/index.ts';
import { fleetFrom } from './fleet.ts';

const data = {
  holdfast: 1,
  services: {
    checkout: {
      dependencies: {
        payments: { protocol: 'http', timeout: '300ms' },
        stock: { timeout: '2s' },
        prices: { retry: false },
        rates: { protocol: 'grpc' },
      },
    },
    web: { dependencies: { checkout: { protocol: 'http' } } },
  },
};

describe('a fleet from compiled data', () => {
  const runtime = testRuntime();
  const fleet = fleetFrom(data, runtime);
  const checkout = fleet.service('checkout');

  test('has its services and their dependencies', () => {
    expect(checkout.name).toBe('checkout');
    expect(checkout.dependencies).toEqual(['payments', 'stock', 'prices', 'rates']);
    expect(fleet.service('checkout')).toBe(checkout);
  });

  test('has the classifier of the protocol, and the options of the spec', async () => {
    const payments = checkout.dependency('payments');
    expectTypeOf(payments).toEqualTypeOf<Dependency<HttpAnswer>>();
    expect(payments.name).toBe('payments');
    expect(payments.explain()).toContain('300ms');
    const answer = { status: 404, headers: new Headers() };
    expect(await payments.call(() => answer)).toBe(answer);
  });

  test('has the classifier of gRPC, of which the compiler is told', async () => {
    const rates = checkout.dependency('rates', { protocol: 'grpc' });
    expectTypeOf(rates).toEqualTypeOf<Dependency>();
    expect(await rates.call(() => 'a message')).toBe('a message');
    expect(() =>
      fleetFrom(data, runtime).service('checkout').dependency('payments', { protocol: 'grpc' }),
    ).toThrow('dependency(\'payments\').protocol must be the spec\'s "http", got "grpc"');
    const fresh = fleetFrom(data, runtime).service('checkout');
    expect(() => fresh.dependency('stock', { protocol: 'grpc' })).toThrow(
      'dependency(\'stock\').protocol must be left out, as in the spec, got "grpc"',
    );
  });

  test('makes each dependency once, on the runtime that it was given', () => {
    const stock = checkout.dependency('stock', { classify: () => 'success' });
    expect(checkout.dependency('stock')).toBe(stock);
    expect(stock.runtime.clock).toBe(runtime.clock);
    expect(fleet.service('web').dependency('checkout')).not.toBe(stock);
  });

  test('takes the code that a file cannot hold', async () => {
    const events: string[] = [];
    const other = fleetFrom(data, runtime).service('checkout');
    const prices = other.dependency('prices', {
      classify: ({ value }: { value?: unknown }) => (value === 7 ? 'success' : 'transient'),
      fallback: { run: () => 'none' },
      onEvent: ({ type }) => events.push(type),
    });
    expectTypeOf(prices).toEqualTypeOf<Dependency<unknown, string>>();
    expect(await prices.call(() => 7)).toBe(7);
    expect(await prices.call(() => 8)).toBe('none');
    expect(events.length).toBeGreaterThan(0);
  });

  test('needs a classifier to retry', () => {
    const fresh = fleetFrom(data, runtime).service('checkout');
    expect(() => fresh.dependency('stock')).toThrow(/dependency\('stock'\).classify is needed/);
    expect(fresh.dependency('prices').name).toBe('prices');
  });

  test('keeps the options of the spec where code gives undefined', async () => {
    const stated = { protocol: 'http', fallback: { value: 'none' } };
    const one = fleetFrom(
      { holdfast: 1, services: { a: { dependencies: { b: stated } } } },
      runtime,
    );
    const code = { classify: undefined, fallback: undefined, protocol: undefined };
    const b = one.service('a').dependency('b', code as never);
    expect(b.explain()).toContain('fallback: a fixed value');
  });

  test('refuses code that belongs in the spec', () => {
    const fresh = fleetFrom(data, runtime).service('checkout');
    const given = (code: unknown) => () => fresh.dependency('payments', code as never);
    expect(given({ timeout: '9s' })).toThrow(
      "dependency('payments').timeout belongs in the spec: code gives classify, fallback, onEvent, protocol",
    );
    expect(given(7)).toThrow("dependency('payments') must be an object, got 7");
  });

  test('names what there is when it is asked for something else', () => {
    expect(() => fleet.service('chekcout')).toThrow(
      'fleet.service: the spec has no service "chekcout"; did you mean \'checkout\'? Known are checkout, web',
    );
    expect(() => fleet.service('constructor')).toThrow('known are checkout, web');
    expect(() => checkout.dependency('shipping')).toThrow(
      'service(\'checkout\').dependency: the spec has no dependency "shipping"; known are payments, stock, prices, rates',
    );
  });
});

test.each<[unknown, string]>([
  [null, 'fleet must be an object, got null'],
  [[], 'fleet must be an object, got an array'],
  [Promise.resolve(data), 'fleet must be an object, got an instance of Promise'],
  [{ ...data, holdfast: 2 }, 'fleet.holdfast must be 1: what `holdfast compile` writes, got 2'],
  [{ holdfast: 1 }, 'fleet.services must be an object, got undefined'],
  [{ holdfast: 1, services: { a: {} } }, 'fleet.services.a.dependencies must be an object'],
  [
    { holdfast: 1, services: { a: { dependencies: { b: null } } } },
    'fleet.services.a.dependencies.b must be an object of options, got null',
  ],
  [
    { holdfast: 1, services: { a: { dependencies: { b: { timeot: 1 }, c: { timeout: -1 } } } } },
    "fleet.services.a.dependencies.b.timeot is not an option; did you mean 'timeout'?\n" +
      'fleet.services.a.dependencies.c.timeout must be a duration',
  ],
])('%j is no compiled fleet', (wrong, message) => {
  expect(() => fleetFrom(wrong)).toThrow(message);
});
