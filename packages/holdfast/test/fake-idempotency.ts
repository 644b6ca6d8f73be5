import { IdempotencyConflictError, IdempotencyMismatchError } from '../src/idempotency/errors.ts';
import type {
  Completion,
  Idempotency,
  Opened,
  OpenRequest,
  OwnedExecution,
} from '../src/idempotency/idempotency.ts';

/** An engine of a few lines, for what stands in front of one: no lease, no store, every step written down. */
export interface FakeIdempotency extends Idempotency<unknown> {
  readonly asked: OpenRequest[];
  /** `complete`, `release`, `hold`, in order, of all executions. */
  readonly steps: string[];
  /** Functions of the options that have failed, and how. */
  readonly failures: (readonly [hook: string, error: unknown])[];
  /** What was kept, by key. */
  readonly kept: Map<string, string>;
  /** What `complete` is answered. */
  completion: Completion;
  /** What `complete` waits for. */
  beforeCompletion: Promise<void>;
  /** What opening is answered in place of how the key stands. */
  opened: Opened<unknown> | null;
}

const MISSING = () => Promise.reject(new Error('not faked'));

export function fakeIdempotency(): FakeIdempotency {
  const running = new Map<string, string>();
  const fake: FakeIdempotency = {
    asked: [],
    steps: [],
    failures: [],
    kept: new Map(),
    completion: { kind: 'kept' },
    beforeCompletion: Promise.resolve(),
    opened: null,
    open: async (request) => {
      fake.asked.push(request);
      return fake.opened ?? stands(request);
    },
    idempotent: MISSING,
    settle: MISSING,
    hookFailed: (hook, error) => void fake.failures.push([hook, error]),
    check: async () => [],
    snapshot: () => ({}),
    close: async () => {},
  };
  const stands = (request: OpenRequest): Opened<unknown> => {
    const id = JSON.stringify([...request.scope, request.key]);
    const before = running.get(id);
    if (before !== undefined && before !== request.fingerprint) {
      return { kind: 'refused', error: new IdempotencyMismatchError({ name: 'fake' }) };
    }
    const result = fake.kept.get(id);
    if (result !== undefined) return { kind: 'replay', result, expiresIn: 1000 };
    if (before !== undefined) {
      const error = new IdempotencyConflictError({ name: 'fake', retryAfter: 1200 });
      return { kind: 'refused', error };
    }
    running.set(id, request.fingerprint);
    return { kind: 'run', execution: execution(id, request) };
  };
  const execution = (id: string, { key }: OpenRequest): OwnedExecution<unknown> => ({
    key,
    attempt: 1,
    signal: new AbortController().signal,
    transaction: undefined,
    step: async (_name, work) => await work(),
    points: new Map(),
    keyFor: (name) => `${key}:${name}`,
    complete: async (result) => {
      await fake.beforeCompletion;
      fake.steps.push('complete');
      if (fake.completion.kind === 'kept') fake.kept.set(id, result);
      return fake.completion;
    },
    release: async () => {
      fake.steps.push('release');
      running.delete(id);
    },
    hold: async (fault) => {
      fake.steps.push(fault === undefined ? 'hold' : `hold: ${String(fault)}`);
    },
  });
  return fake;
}
