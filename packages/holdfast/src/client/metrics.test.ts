import { expect, test } from 'vitest';
import { testRuntime } from '../testing/index.ts';
import { dependency } from './dependency.ts';
import { metrics } from './metrics.ts';

/** What an exporter would have of these events: a value each, by name and attributes. */
function recorded(events: readonly object[]): Record<string, number[]> {
  const series: Record<string, number[]> = {};
  for (const event of events) {
    const fields = new Map<string, unknown>(Object.entries(event));
    for (const { name, from, attributes, value, scale = 1 } of metrics) {
      if (from !== fields.get('type')) continue;
      const labels = attributes.map((attribute) => String(fields.get(attribute)));
      const one = value === undefined ? 1 : Number(fields.get(value)) * scale;
      (series[`${name} ${labels.join(' ')}`] ??= []).push(one);
    }
  }
  return series;
}

test('calls and attempts are counted and timed, by how they ended', async () => {
  const runtime = testRuntime();
  const { clock, sink } = runtime;
  const options = {
    classify: ({ ok }: { readonly ok: boolean }) => (ok ? 'success' : 'transient'),
    retry: { maxAttempts: 2, backoff: { base: 0 } },
    timeout: '2s',
  } as const;
  const stock = dependency('stock', options, runtime);
  let asked = 0;
  await stock.call(() => (asked++ === 0 ? Promise.reject(new Error('down')) : 7), {
    idempotent: true,
  });
  const hanging = stock.tryCall(() => new Promise(() => {}));
  await clock.advanceAsync(2000);
  await hanging;
  expect(recorded(sink.events)).toMatchObject({
    'holdfast.calls stock true success null': [1],
    'holdfast.calls stock false timeout unsafe': [1],
    'holdfast.call.duration stock true': [0],
    'holdfast.call.duration stock false': [2],
    'holdfast.call.attempts stock true': [2],
    'holdfast.call.attempts stock false': [1],
    'holdfast.attempt.duration stock transient': [0],
    'holdfast.attempt.duration stock success': [0],
    'holdfast.attempt.duration stock timeout': [2],
  });
});

test('no two have the same name', () => {
  const names = metrics.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
