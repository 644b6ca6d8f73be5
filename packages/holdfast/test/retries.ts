import { classify } from '../src/core/classify.ts';
import type { CallOptions } from '../src/core/operation.ts';
import type { Judgement, Verdict } from '../src/core/outcome.ts';
import { pipeline } from '../src/core/pipeline.ts';
import type { Policy } from '../src/core/policy.ts';
import type { RetryOptions } from '../src/policies/retry/options.ts';
import { retry } from '../src/policies/retry/retry.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { type TestRuntime, testRuntime } from '../src/testing/index.ts';

/** An answer, or as an error a failure, that says itself what it means. */
interface Judged {
  readonly judgement: Judgement;
}

export class Failure extends Error implements Judged {
  readonly judgement: Judgement;

  constructor(verdict: Verdict, hints: Omit<Judgement, 'verdict'> = {}) {
    super(verdict);
    this.judgement = { verdict, ...hints };
  }
}

export const answer = (verdict: Verdict, hints: Omit<Judgement, 'verdict'> = {}): Judged => ({
  judgement: { verdict, ...hints },
});

/** Answers and failures as they say; else a value is a success, and an error transient. */
export const judging = (discard: ((value: unknown) => void) | null = null) =>
  classify<unknown>(({ ok, value, error }) => {
    const outcome = (ok ? value : error) as Partial<Judged> | undefined;
    return outcome?.judgement ?? (ok ? 'success' : 'transient');
  }, discard);

/** An operation that plays these outcomes, errors by throwing; the last one again and again. */
export function play(...outcomes: unknown[]): { (): unknown; times: number } {
  const operation = (): unknown => {
    const outcome = outcomes[Math.min(operation.times++, outcomes.length - 1)];
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  operation.times = 0;
  return operation;
}

/** Waits of 100 ms, 200 ms and so on. */
export const plain: RetryOptions = { backoff: { jitter: 'none' } };
export const atOnce: RetryOptions = { backoff: { base: 0 } };
export const safe: CallOptions = { idempotent: true };

export function retrying(options: RetryOptions, rt: Runtime, ...inside: Policy[]) {
  return pipeline(judging(), retry(options, rt), ...(inside as []));
}

/** Makes the call, lets an hour pass, and tells how it ended. */
export async function outcomeOf(
  options: RetryOptions,
  operation: () => unknown,
  call: CallOptions = safe,
  rt: TestRuntime = testRuntime(),
) {
  const result = retrying(options, rt).tryCall(operation, call);
  await rt.clock.advanceAsync(3_600_000);
  return result;
}

/** How long each wait was to be, in milliseconds. */
export const waitsOf = ({ sink }: TestRuntime): number[] =>
  sink.of('retry.scheduled').map(({ wait }) => wait);
