import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import {
  type CallOptions,
  type Classifier,
  deadline,
  isHoldfastError,
  type Judgement,
  type Operation,
  pending,
  type Pipeline,
  pipeline,
  timeout,
  type Verdict,
} from '../../../packages/holdfast/src/index.ts';
import { mixed, type Shares } from './mix.ts';

/** Where calls go: each in turn gets as many calls as there are operations. */
export type Route = (round: number) => Pipeline<unknown, unknown>;

/** Calls that are started before operations get their turn. */
const BURST = 100;
/** Calls that share a caller, who in the end aborts those that hang. */
const BATCH = 3000;
/** Milliseconds that a caller waits at least: time limits of up to 5 ms have passed by then. */
const PATIENCE = 7;

/** A signal that lasts as long as the process, as a server has it: most calls are made with it. */
export const lasting: AbortSignal = new AbortController().signal;
let caller = new AbortController();

// Errors are made once: their stacks would cost more than all the rest.
const down = new Error('down');
const busy = new Error('busy');
const wrong = new Error('wrong');
const aborted = new Error('aborted');

const MEANINGS = new Map<unknown, Verdict | Judgement>([
  [down, 'transient'],
  [busy, { verdict: 'overload', retryAfter: 1 }],
  [wrong, 'terminal'],
]);

/** What outcomes of these operations mean. */
export const classifier: Classifier<unknown> = (outcome) =>
  outcome.ok ? 'success' : (MEANINGS.get(outcome.error) ?? 'transient');

const inner = pipeline(deadline('2m'), timeout('1m'));

const later = <T>(value: T): Promise<T> => new Promise((done) => setImmediate(done, value));
const never = (): Promise<never> => new Promise(() => {});
const fail = (error: Error): never => {
  throw error;
};

/** Hang until the caller aborts: for ever, in a call of their own, or until they are told. */
const HANGING: Shares<Operation> = [
  [1, never],
  [1, (parent) => inner.call(never, { parent })],
  [1, ({ signal }) => new Promise((_, no) => signal.addEventListener('abort', () => no(down)))],
];
const HANGS: ReadonlySet<Operation> = new Set(HANGING.map(([, operation]) => operation));

/** Two hundred operations. */
const OPERATIONS = mixed<Operation>([
  [45, () => 'value'],
  [44, async () => 'value'],
  [14, () => later('value')],
  [10, ({ signal }) => later(signal.aborted)],
  [10, (attempt) => (attempt.succeed('value'), pending)],
  [10, (attempt) => (setImmediate(() => attempt.succeed('value')), pending)],
  [10, (parent) => inner.call(() => 'value', { parent })],
  [10, () => fail(down)],
  [8, async () => fail(down)],
  [8, (attempt) => (attempt.fail(down), pending)],
  [6, async () => fail(busy)],
  [4, async () => fail(wrong)],
  [8, ({ number }) => (number === 1 ? fail(down) : 'value')],
  [8, async ({ number }) => (number === 1 ? fail(down) : 'value')],
  ...HANGING,
]);

/** What callers say of a call. */
const OPTIONS: readonly ((nth: number) => CallOptions | undefined)[] = [
  () => undefined,
  () => ({ idempotent: true }),
  () => ({ idempotent: true, signal: lasting }),
  () => ({ idempotent: true, signal: caller.signal }),
  (nth) => ({ key: `order ${nth}`, criticality: 'sheddable', signal: lasting }),
];

/** How calls are made. Seven and two hundred have no common divisor: all ways meet all operations. */
const EDGES = ['start', 'tryCall', 'start', 'call', 'start', 'tryCall', 'wrap'] as const;

/** Makes so many calls, of every sort, and tells how many ended how once all have. */
export async function makeCalls(route: Route, count: number): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  const { promise: allEnded, resolve } = Promise.withResolvers<void>();
  let left = count;
  // Its own last timer may outlast the last call.
  await startCalls(route, count, (how) => {
    outcomes[how] = (outcomes[how] ?? 0) + 1;
    if (--left === 0) resolve();
  });
  await allEnded;
  return outcomes;
}

async function startCalls(route: Route, count: number, ended: (how: string) => void) {
  for (let first = 0; first < count; first += BATCH) {
    caller = new AbortController();
    const startedAt = performance.now();
    for (let nth = first; nth < Math.min(first + BATCH, count); nth++) {
      startCall(route, nth, ended);
      if (nth % BURST === 0) await turn();
    }
    await sleep(Math.max(0, startedAt + PATIENCE - performance.now()));
    caller.abort(aborted);
  }
}

function startCall(route: Route, nth: number, ended: (how: string) => void): void {
  const target = route(Math.floor(nth / OPERATIONS.length));
  const operation = OPERATIONS[nth % OPERATIONS.length]!;
  const options = HANGS.has(operation)
    ? { idempotent: true, signal: caller.signal }
    : OPTIONS[Math.floor(nth / EDGES.length) % OPTIONS.length]!(nth);
  const fulfilled = (): void => ended('value');
  const rejected = (error: unknown): void => ended(nameOf(error));
  switch (EDGES[nth % EDGES.length]!) {
    case 'start':
      target.start(operation, (end) => ended(ending(end, end.attempts)), options);
      break;
    case 'tryCall':
      void target
        .tryCall(operation, options)
        .then((end) => ended(ending(end, end.attempts.length)));
      break;
    case 'call':
      void target.call(operation, options).then(fulfilled, rejected);
      break;
    case 'wrap':
      void target.wrap(operation, options)().then(fulfilled, rejected);
  }
}

interface End {
  readonly ok: boolean;
  readonly fellBack: boolean;
  readonly error?: unknown;
}

function ending({ ok, fellBack, error }: End, attempts: number): string {
  if (!ok) return nameOf(error);
  if (fellBack) return 'fallback';
  return attempts > 1 ? 'value of a retry' : 'value';
}

/** A Holdfast error by its code, any other by its message. */
export function nameOf(error: unknown): string {
  return isHoldfastError(error) ? error.code : (error as Error).message;
}
