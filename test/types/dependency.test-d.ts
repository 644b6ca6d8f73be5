import { describe, expectTypeOf, test } from 'vitest';
import {
  type CircuitBreaker,
  dependency,
  type HttpAnswer,
  keyed,
  optional,
  type Outcome,
  partial,
  preset,
  type PresetName,
  withRuntime,
} from 'holdfast';
import { testRuntime } from 'holdfast/testing';

interface Row {
  readonly id: number;
}

const byRow = (outcome: Outcome<Row>) => (outcome.ok ? 'success' : 'transient');

describe('dependency', () => {
  test('needs a classifier to retry', () => {
    // @ts-expect-error: what do outcomes mean?
    dependency('stock', {});
    // @ts-expect-error: a preset without a protocol brings none
    dependency('stock', { preset: 'payments' });
    // @ts-expect-error: retrying with options of one's own needs it as well
    dependency('stock', { retry: { maxAttempts: 2 } });
    dependency('stock', { retry: false });
    dependency('stock', { protocol: 'http' });
    dependency('stock', { preset: 'http' });
    dependency('stock', { preset: 'payments', protocol: 'http' });
    dependency('stock', { classify: () => 'success' });
    expectTypeOf(
      dependency('stock', { ...preset('batch'), classify: () => 'success' }).name,
    ).toEqualTypeOf<string>();
  });

  test('is told of what fits no signature by the last: that the classifier is missing', () => {
    expectTypeOf<Parameters<typeof dependency>[1]>().toHaveProperty('classify');
  });

  test('knows no other options', () => {
    // @ts-expect-error: it is `timeout`
    dependency('stock', { retry: false, timeouts: 5 });
    // @ts-expect-error: a duration is a number or '250ms', '5s', ...
    dependency('stock', { retry: false, timeout: 'soon' });
    // @ts-expect-error: no such preset
    dependency('stock', { preset: 'htttp', classify: () => 'success' });
    // @ts-expect-error: no such verdict
    dependency('stock', { classify: () => 'fine' });
    expectTypeOf<PresetName>().toEqualTypeOf<'http' | 'rpc' | 'payments' | 'batch' | 'realtime'>();
  });

  test('calls give what the operation gives', async () => {
    const rows = dependency('rows', { classify: byRow });
    expectTypeOf(await rows.call(() => ({ id: 1, name: 'lamp' }))).toEqualTypeOf<{
      id: number;
      name: string;
    }>();
    expectTypeOf(await rows.call(async () => ({ id: 1 }))).toEqualTypeOf<{ id: number }>();
  });

  test('calls give what the classifier understands, and nothing else', () => {
    const rows = dependency('rows', { classify: byRow });
    // @ts-expect-error: not a Row
    void rows.call(() => 'text');
    const http = dependency('api', { protocol: 'http' });
    // @ts-expect-error: not an HTTP answer
    void http.call(() => 5);
    expectTypeOf(http.call<HttpAnswer>).toBeFunction();
  });

  test('a fallback adds what it answers', async () => {
    const rows = dependency('rows', { classify: byRow, fallback: { value: null } });
    expectTypeOf(await rows.call(() => ({ id: 1 }))).toEqualTypeOf<{ id: number } | null>();
  });

  test('tryCall gives a union on ok', async () => {
    const rows = dependency('rows', { classify: byRow });
    const result = await rows.tryCall(() => ({ id: 1 }));
    if (result.ok) expectTypeOf(result.value).toEqualTypeOf<{ id: number }>();
    else expectTypeOf(result.error).toEqualTypeOf<unknown>();
  });

  test('wrap keeps the arguments', () => {
    const rows = dependency('rows', { classify: byRow });
    const load = rows.wrap((_attempt, id: number) => ({ id }));
    expectTypeOf(load).toEqualTypeOf<(id: number) => Promise<{ id: number }>>();
  });

  test('its breaker may have been left out', () => {
    expectTypeOf(dependency('x', { retry: false }).breaker).toEqualTypeOf<CircuitBreaker | null>();
  });

  test('is the same from withRuntime', () => {
    expectTypeOf(withRuntime(testRuntime()).dependency).toEqualTypeOf<typeof dependency>();
  });

  test('fits a registry', () => {
    const shards = keyed((key) => dependency(key, { classify: byRow }));
    expectTypeOf(shards.get('a').name).toEqualTypeOf<string>();
  });
});

describe('partial', () => {
  test('gives each part its type, and an optional one undefined as well', async () => {
    const { values, missing } = await partial({
      product: () => Promise.resolve({ id: 1 }),
      price: Promise.resolve(9),
      name: () => 'lamp',
      reviews: optional(() => Promise.resolve(['good'])),
    });
    expectTypeOf(values.product).toEqualTypeOf<{ id: number }>();
    expectTypeOf(values.price).toEqualTypeOf<number>();
    expectTypeOf(values.name).toEqualTypeOf<string>();
    expectTypeOf(values.reviews).toEqualTypeOf<string[] | undefined>();
    expectTypeOf(missing).toEqualTypeOf<readonly ('product' | 'price' | 'name' | 'reviews')[]>();
  });
});
