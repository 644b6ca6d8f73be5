import { describe, expect, test } from 'vitest';
import { classify, hang } from '../../test/stock.ts';
import {
  dependency,
  type DependencyOptions,
  preset,
  type PresetName,
  type Random,
} from '../index.ts';
import { testRuntime } from '../testing/index.ts';

describe('limits that fit together', () => {
  const worst: Random = { next: () => 1 - 1e-9, fork: () => worst };
  const cases: [string, DependencyOptions<never>][] = [
    ['the defaults', {}],
    ['the defaults over HTTP', { protocol: 'http' }],
    ...(['http', 'rpc', 'payments', 'batch', 'realtime'] as PresetName[]).map(
      (name): [string, DependencyOptions] => [`preset ${name}`, { preset: name }],
    ),
  ];

  test.each(cases)(
    '%s: all attempts and the longest waits end before the deadline',
    (_, options) => {
      const runtime = { ...testRuntime(), random: worst };
      const retry = { ...(options.retry as object), budget: false } as const;
      const it = dependency('it', { ...options, retry, classify }, runtime);
      let end: unknown[] = [];
      it.start(
        hang,
        ({ attempts, stoppedBy }) => {
          end = [attempts, stoppedBy];
        },
        { idempotent: true },
      );
      while (runtime.clock.armed > 0) runtime.clock.expireNext(Infinity);
      const most = Number(/up to (\d+) attempts/.exec(it.explain())![1]);
      expect(end).toEqual([most, 'attempts']);
    },
  );

  test('a preset is a copy: changing it changes no other', () => {
    const mine = preset('batch') as { retry: { maxAttempts: number } };
    mine.retry.maxAttempts = 99;
    expect(preset('batch').retry).toMatchObject({ maxAttempts: 5 });
  });

  test('a name that is none is refused', () => {
    expect(() => preset('htttp' as never)).toThrow(/preset must be one of http, rpc.*got htttp/);
  });
});
