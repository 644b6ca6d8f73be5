import type { Policy } from '../src/core/policy.ts';
import {
  type CallOptions,
  classify,
  fallback,
  type FallbackOptions,
  type Judgement,
  pipeline,
  type Result,
  type Verdict,
} from '../src/index.ts';
import { type TestRuntime, testRuntime } from '../src/testing/index.ts';

/** A value says how it is to be judged; errors are transient. */
const judge = (o: { ok: boolean; value?: unknown }): Verdict | Judgement =>
  o.ok ? ((o.value as { verdict?: Verdict }).verdict ?? 'success') : 'transient';

/** The policies around a fallback and inside it, and what is given the values that nobody gets. */
type Around = (runtime: TestRuntime) => {
  outside?: Policy[];
  inside?: Policy[];
  discard?: (value: unknown) => void;
};

/** A fallback with nothing else, or with what is given. */
export function makeFallback(options: FallbackOptions<unknown>, around: Around = () => ({})) {
  const runtime = testRuntime();
  const { outside = [], inside = [], discard } = around(runtime);
  const calls = pipeline(
    classify<unknown>(judge, discard ?? null),
    ...outside,
    fallback(options, runtime),
    ...inside,
  );
  /** A call whose operation fails. */
  const failing = (asked?: CallOptions): Promise<Result<unknown>> =>
    calls.tryCall(() => {
      throw new Error('down');
    }, asked);
  return { runtime, clock: runtime.clock, calls, failing };
}
