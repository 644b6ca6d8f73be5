import {
  type Attempt,
  type Bulkhead,
  bulkhead,
  type BulkheadFullError,
  type BulkheadOptions,
  type CallOptions,
  pending,
  pipeline,
  type TypedPolicy,
} from '../src/index.ts';
import { type TestRuntime, testRuntime } from '../src/testing/index.ts';

/** A call whose operation goes on until its attempt is told to end. */
interface Made {
  /** null until its operation is started. */
  attempt: Attempt | null;
  /** null until it has ended: a value, or an error's code, or the error. */
  end: unknown;
}

/** The policies around a bulkhead and inside it. */
type Around = (runtime: TestRuntime) => { outside?: TypedPolicy[]; inside?: TypedPolicy[] };

/** A bulkhead with nothing else, or with what is given around and inside it. */
export function makeBulkhead(options: BulkheadOptions, around: Around = () => ({})) {
  const runtime = testRuntime();
  const slots: Bulkhead = bulkhead(options, runtime);
  const { outside = [], inside = [] } = around(runtime);
  const calls = pipeline(...outside, slots, ...inside);
  const started: string[] = [];
  const begin = (name: string, asked?: CallOptions): Made => {
    const made: Made = { attempt: null, end: null };
    calls.start(
      (attempt) => {
        started.push(name);
        made.attempt = attempt;
        return pending;
      },
      ({ ok, value, error }) => {
        made.end = ok ? value : ((error as BulkheadFullError).code ?? error);
      },
      asked,
    );
    return made;
  };
  return { runtime, clock: runtime.clock, slots, begin, started };
}
