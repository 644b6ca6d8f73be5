import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import {
  type CallOptions,
  type FallbackReason,
  isHoldfastError,
  type Operation,
  pending,
  type Pipeline,
  withRuntime,
} from 'holdfast';
import { testRuntime } from 'holdfast/testing';

const tenant = new AsyncLocalStorage<string>();

/** Says whose call it ended. */
class Down extends Error {
  readonly owner: string;

  constructor(owner: string) {
    super('down');
    this.owner = owner;
  }
}

/** Notes what user code ran for whose call, and in whose context. */
class Notes {
  readonly seen = new Set<string>();
  /** What ran in a context that is not its caller's. */
  readonly lost: string[] = [];

  ran(what: string, owner: string): void {
    this.seen.add(what);
    const found = tenant.getStore();
    if (found !== owner) this.lost.push(`${what} for ${owner} in the context of ${found}`);
  }

  /** The same, where the error says whose call it was. */
  ranFor(what: string, error: unknown): void {
    const reason = isHoldfastError(error) ? error.cause : error;
    if (reason instanceof Down) this.ran(what, reason.owner);
  }
}

/** All policies, with all user code that those which wait run in between. */
function house() {
  const runtime = testRuntime();
  const notes = new Notes();
  const made = withRuntime(runtime);
  const hangs = (reason: FallbackReason): Promise<never> => {
    notes.ranFor('fallback', reason.error);
    reason.signal.addEventListener('abort', () =>
      notes.ranFor('fallback, told to stop', reason.error),
    );
    return new Promise(() => {});
  };
  return {
    ...made,
    notes,
    clock: runtime.clock,
    one: made.bulkhead({ maxConcurrent: 1, maxQueue: 1000 }),
    verdict: made.classify<unknown>((outcome) => {
      notes.ranFor('classifier', outcome.error);
      return outcome.ok ? 'success' : 'transient';
    }),
    again: made.retry({
      backoff: { base: 50 },
      onRetry: ({ error }) => notes.ranFor('onRetry', error),
    }),
    instead: made.fallback({ run: hangs, timeout: 50 }),
    stale: made.fallback({
      stale: {
        keyOf: ({ key }) => {
          notes.ran('keyOf', key!);
          return key!;
        },
      },
    }),
    own: made.custom('own', async (next, { key }) => {
      notes.ran('custom', key!);
      return next().finally(() => notes.ran('custom, later', key!));
    }),
  };
}

type House = ReturnType<typeof house>;
type Case = [name: string, of: (house: House) => Pipeline<unknown, unknown>, seen: string[]];

/** What is seen where all operations get to run. */
const ALL = [
  'operation',
  'operation, later',
  'operation that hangs',
  'operation, told to stop',
  'callback',
  'done',
];

/** Each alone where it can be, since what one does about the context would hide what another does not. */
const CASES: Case[] = [
  ['timeout', ({ pipeline, timeout }) => pipeline(timeout(100)), [...ALL, 'ATTEMPT_TIMEOUT']],
  ['deadline', ({ pipeline, deadline }) => pipeline(deadline(100)), [...ALL, 'DEADLINE_EXCEEDED']],
  [
    'retry',
    ({ pipeline, verdict, again }) => pipeline(verdict, again),
    [...ALL, 'classifier', 'onRetry', 'RETRIES_EXHAUSTED'],
  ],
  [
    'retry around a timeout',
    ({ pipeline, verdict, again, timeout }) => pipeline(verdict, again, timeout(100)),
    [...ALL, 'classifier', 'onRetry', 'RETRIES_EXHAUSTED'],
  ],
  [
    'bulkhead',
    ({ pipeline, one, timeout }) => pipeline(one, timeout(100)),
    [...ALL, 'ATTEMPT_TIMEOUT'],
  ],
  [
    'bulkhead that a breaker empties',
    ({ pipeline, verdict, one, circuitBreaker }) =>
      pipeline(verdict, one, circuitBreaker({ kind: 'consecutive' })),
    ['classifier', 'operation', 'done', 'CIRCUIT_OPEN'],
  ],
  [
    'bulkhead whose queue the deadline ends',
    ({ pipeline, deadline, one }) => pipeline(deadline(100), one),
    [...ALL, 'DEADLINE_EXCEEDED'],
  ],
  [
    'fallback',
    ({ pipeline, verdict, instead }) => pipeline(verdict, instead),
    [...ALL, 'fallback', 'fallback, told to stop'],
  ],
  [
    'fallback inside a deadline',
    ({ pipeline, verdict, deadline, instead }) => pipeline(verdict, deadline(20), instead),
    [...ALL, 'fallback', 'fallback, told to stop'],
  ],
  [
    'fallback around a deadline',
    ({ pipeline, verdict, stale, deadline }) => pipeline(verdict, stale, deadline(100)),
    [...ALL, 'keyOf'],
  ],
  [
    'policy of one’s own',
    ({ pipeline, own, timeout }) => pipeline(own, timeout(100)),
    [...ALL, 'custom', 'custom, later'],
  ],
  [
    'whole of them',
    ({ pipeline, verdict, stale, own, deadline, again, one, circuitBreaker, timeout }) =>
      pipeline(
        verdict,
        stale,
        own,
        deadline('10s'),
        again,
        one,
        circuitBreaker({ kind: 'consecutive', consecutiveFailures: 100 }),
        timeout(100),
      ),
    [...ALL, 'classifier', 'keyOf', 'custom', 'custom, later', 'onRetry'],
  ],
];

/** What the operations of one tenant do: fail, call back in somebody else's context, succeed, hang. */
function operationsOf(owner: string, notes: Notes): Operation[] {
  return [
    async () => {
      notes.ran('operation', owner);
      await Promise.resolve();
      notes.ran('operation, later', owner);
      throw new Down(owner);
    },
    (attempt) => {
      notes.ran('callback', owner);
      tenant.run('connection', () => setImmediate(() => attempt.fail(new Down(owner))));
      return pending;
    },
    async () => owner,
    ({ signal }) => {
      notes.ran('operation that hangs', owner);
      signal.addEventListener('abort', () => notes.ran('operation, told to stop', owner));
      return new Promise(() => {});
    },
  ];
}

/** Makes calls of every sort by every edge, and notes where their callers go on. */
function callAll(
  owner: string,
  target: Pipeline<unknown, unknown>,
  notes: Notes,
  signal: AbortSignal,
): Promise<unknown> {
  const options: CallOptions = { idempotent: true, key: owner, signal };
  const ended = (error: unknown): void => {
    notes.ran('done', owner);
    if (isHoldfastError(error)) notes.ran(error.code, owner);
  };
  const calls = operationsOf(owner, notes).flatMap((operation) => [
    target.call(operation, options).then(ended, ended),
    target.tryCall(operation, options).then(({ error }) => ended(error)),
    new Promise<void>((resolve) => {
      target.start(operation, ({ error }) => resolve(ended(error)), options);
    }),
  ]);
  return Promise.all(calls);
}

test.each(CASES)('two tenants keep their own contexts through the %s', async (_, of, seen) => {
  const all = house();
  const { clock, notes } = all;
  const target = of(all);
  const caller = new AbortController();
  const calls = ['a', 'b', 'a', 'b'].map((owner) =>
    tenant.run(owner, callAll, owner, target, notes, caller.signal),
  );
  for (let step = 0; step < 100; step++) {
    await tenant.run('timer', () => clock.advanceAsync(100));
  }
  tenant.run('caller', () => caller.abort(new Error('aborted')));
  await Promise.all(calls);
  expect(notes.lost).toEqual([]);
  expect([...notes.seen].toSorted()).toEqual(expect.arrayContaining(seen));
});
