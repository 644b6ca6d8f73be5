import { dependency, type DependencyOptions, pending, type Verdict } from '../src/index.ts';
import { testRuntime } from '../src/testing/index.ts';

/** A value that is one of these verdicts is judged so, any other is a success; errors are transient. */
export function classify({ ok, value }: { ok: boolean; value?: unknown }): Verdict {
  if (!ok) return 'transient';
  return value === 'transient' || value === 'terminal' ? value : 'success';
}

/** The dependency `stock`, on a test clock. */
export function makeStock<F = never>(options: DependencyOptions<F> = {}) {
  const runtime = testRuntime();
  const it = dependency('stock', { ...options, classify }, runtime);
  return { runtime, clock: runtime.clock, it };
}

export const fail = (): never => {
  throw new Error('down');
};
export const hang = (): never => pending as never;
