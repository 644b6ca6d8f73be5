import { dependency, type DependencyOptions, pending, type Verdict } from '../src/index.ts';
import { testRuntime } from '../src/testing/index.ts';

/** A string is a verdict, everything else a success; errors are transient. */
export const classify = (o: { ok: boolean; value?: unknown }): Verdict =>
  o.ok
    ? ['transient', 'terminal'].includes(o.value as string)
      ? (o.value as Verdict)
      : 'success'
    : 'transient';

/** A dependency of that name, on a test clock. */
export function makeStock<F = never>(options: DependencyOptions<F> = {}) {
  const runtime = testRuntime();
  const it = dependency('stock', { ...options, classify }, runtime);
  return { runtime, clock: runtime.clock, it };
}

export const fail = (): never => {
  throw new Error('down');
};
export const hang = (): never => pending as never;
