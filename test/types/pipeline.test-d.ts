import { describe, expectTypeOf, test } from 'vitest';
import {
  bulkhead,
  circuitBreaker,
  classify,
  type Classifier,
  custom,
  dependency,
  type Dependency,
  fallback,
  type HttpAnswer,
  type MissingClassifier,
  pipeline,
  type Pipeline,
  pending,
  type Result,
  retry,
  retryBudget,
  timeout,
} from 'holdfast';

interface Row {
  readonly id: number;
}

const rows = async (): Promise<Row[]> => [];
const count = () => 5;
const verdict = classify((outcome) => (outcome.ok ? 'success' : 'transient'));
const ofNumbers = classify<number>((outcome) =>
  outcome.ok && outcome.value > 3 ? 'success' : 'terminal',
);

describe('a pipeline', () => {
  test('answers what the operation answers', () => {
    const whole = pipeline(
      verdict,
      retry(),
      retryBudget(),
      bulkhead(),
      circuitBreaker(),
      timeout('1s'),
    );
    expectTypeOf(whole.call(rows)).resolves.toEqualTypeOf<Row[]>();
    expectTypeOf(whole.call(count)).resolves.toEqualTypeOf<number>();
    expectTypeOf(pipeline().call(rows)).resolves.toEqualTypeOf<Row[]>();
    expectTypeOf(pipeline(custom('own', (next) => next())).call(rows)).resolves.toEqualTypeOf<
      Row[]
    >();
  });

  test('that retries does not compile unless somebody says what outcomes mean', () => {
    // @ts-expect-error -- no classify(...)
    pipeline(retry());
    // @ts-expect-error -- no classify(...), however much else there is
    pipeline(fallback({ value: 1 }), retry(), bulkhead(), timeout('1s'));
    pipeline(retry(), verdict);
    pipeline(bulkhead(), timeout('1s'));
    expectTypeOf<MissingClassifier>().toHaveProperty(
      'a pipeline that retries needs classify(...) in it',
    );
  });

  test('with a fallback may answer that, too', () => {
    const cached = pipeline(fallback({ value: 'cached' as const }), timeout('1s'));
    expectTypeOf(cached.call(rows)).resolves.toEqualTypeOf<Row[] | 'cached'>();
    const made = pipeline(fallback({ run: async () => null }), verdict, retry());
    expectTypeOf(made.call(rows)).resolves.toEqualTypeOf<Row[] | null>();
    const both = pipeline(fallback({ value: 'a' as const }), fallback({ run: () => 7 as const }));
    expectTypeOf(both.call(rows)).resolves.toEqualTypeOf<Row[] | 'a' | 7>();
  });

  test('takes only operations that its classifier understands', () => {
    const numeric = pipeline(ofNumbers, retry());
    expectTypeOf(numeric.call(count)).resolves.toEqualTypeOf<number>();
    expectTypeOf(numeric.call(() => 5 as const)).resolves.toEqualTypeOf<5>();
    // @ts-expect-error -- rows are no numbers
    void numeric.call(rows);
    // @ts-expect-error -- neither are they by tryCall
    void numeric.tryCall(rows);
    // @ts-expect-error -- nor wrapped
    numeric.wrap(rows);
  });

  test('is not taken for one that understands more, or answers less', () => {
    const numeric = pipeline(ofNumbers, retry());
    const cached = pipeline(fallback({ value: 'cached' as const }), timeout('1s'));
    expectTypeOf(pipeline(timeout('1s'))).toExtend<Pipeline>();
    // @ts-expect-error -- its classifier would be asked about anything
    const anything: Pipeline = numeric;
    // @ts-expect-error -- what the fallback answers would be taken for what the operation does
    const unfailing: Pipeline = cached;
    void [anything, unfailing];
    expectTypeOf([numeric, cached]).toExtend<Pipeline<never, unknown>[]>();
  });

  test('wraps a function with its arguments', () => {
    const load = pipeline(timeout('1s')).wrap(async (attempt, id: number, deep?: boolean) => {
      expectTypeOf(attempt.signal).toEqualTypeOf<AbortSignal>();
      return { id, deep };
    });
    expectTypeOf(load).parameter(0).toEqualTypeOf<number>();
    expectTypeOf(load).parameter(1).toEqualTypeOf<boolean | undefined>();
    expectTypeOf(load(1)).resolves.toEqualTypeOf<{ id: number; deep: boolean | undefined }>();
    // @ts-expect-error -- an argument is missing
    void load();
  });

  test('tries with a union that narrows on ok', async () => {
    const result = await pipeline(timeout('1s')).tryCall(rows);
    expectTypeOf(result).toEqualTypeOf<Result<Row[]>>();
    if (result.ok) {
      expectTypeOf(result.value).toEqualTypeOf<Row[]>();
      expectTypeOf(result.error).toEqualTypeOf<undefined>();
    } else {
      expectTypeOf(result.error).toBeUnknown();
      expectTypeOf(result.value).toEqualTypeOf<undefined>();
    }
  });

  test('tells a callback the same', () => {
    pipeline(fallback({ value: null })).start(rows, (settled) => {
      expectTypeOf(settled.value).toEqualTypeOf<Row[] | null | undefined>();
    });
  });

  test('lets an operation settle by callback', () => {
    const settles = pipeline(timeout('1s')).call<number>((attempt) => {
      attempt.succeed(5);
      return pending;
    });
    expectTypeOf(settles).resolves.toEqualTypeOf<number>();
  });
});

describe('a classifier', () => {
  test('may leave out by undefined what it does not say', () => {
    const retryAfter = undefined as number | undefined;
    const again = retryAfter === 0 ? (false as const) : undefined;
    const judged = { verdict: 'overload' as const, retryAfter, retry: again, neverSent: undefined };
    expectTypeOf(judged).toExtend<ReturnType<Classifier>>();
  });
});

describe('a dependency', () => {
  test('is not taken for one that understands more, or answers less', () => {
    const shop = dependency('shop', { protocol: 'http' });
    const stock = dependency('stock', { retry: false, fallback: { value: 'cached' as const } });
    // @ts-expect-error -- it judges by status
    const anything: Dependency = shop;
    // @ts-expect-error -- its fallback answers something else
    const unfailing: Dependency = stock;
    void [anything, unfailing];
    expectTypeOf([shop, stock]).toExtend<Dependency<never, unknown>[]>();
    expectTypeOf(shop).toExtend<Dependency<HttpAnswer>>();
    expectTypeOf(stock).toExtend<Dependency<unknown, string>>();
  });

  test('that retries does not compile without a classifier', () => {
    // @ts-expect-error -- it retries by default
    dependency('stock', {});
    // @ts-expect-error -- and if it is told how
    dependency('stock', { retry: { maxAttempts: 2 } });
    dependency('stock', { retry: false });
    dependency('stock', { classify: (outcome) => (outcome.ok ? 'success' : 'transient') });
    expectTypeOf(dependency('stock', { protocol: 'http' }).name).toBeString();
  });

  test('over HTTP takes answers with a status, and nothing else', () => {
    const shop = dependency('shop', { protocol: 'http' });
    expectTypeOf(shop.call(() => fetch('http://shop'))).resolves.toEqualTypeOf<Response>();
    // @ts-expect-error -- a number has no status
    void shop.call(count);
  });

  test('with a fallback may answer that, too', () => {
    const stock = dependency('stock', { retry: false, fallback: { value: 'cached' as const } });
    expectTypeOf(stock.call(rows)).resolves.toEqualTypeOf<Row[] | 'cached'>();
  });
});
