import { checkRuntime, type Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { Branch, type Call } from './call.ts';
import { END, type Observer, RUNNING, type Step, type Traits, WAIT } from './policy.ts';
import { whenSettled } from './edge.ts';
import { judge } from './judge.ts';
import type { Criticality } from './operation.ts';
import { show } from './options.ts';
import type { TypedPolicy } from './pipeline.ts';
import { interrupt } from './run.ts';

/** What a policy of one's own is told of the call. */
export interface CustomContext {
  /** Aborts when the call ends without waiting for this policy any longer. */
  readonly signal: AbortSignal;
  /** How important the call is to those who wait for it. */
  readonly criticality: Criticality;
  /** The call's idempotency key, if it has one. */
  readonly key: string | undefined;
  /** Milliseconds until the call's deadline; Infinity without one. */
  remaining(): number;
}

/** Names that are taken: a pipeline knows some policies by name, and readers of errors and snapshots know all. */
const BUILT_IN: ReadonlySet<string> = new Set([
  'bulkhead',
  'circuit-breaker',
  'classify',
  'deadline',
  'fallback',
  'retry',
  'retry-budget',
  'timeout',
]);

/**
 * A policy of one's own, in the form `next => answer`: call `next()` to run everything inside, as
 * often as you like or not at all, and answer with a value or throw.
 *
 * ```ts
 * const logged = custom('log', async (next) => {
 *   const value = await next();
 *   console.log('answered');
 *   return value;
 * });
 * ```
 *
 * Whatever it answers is judged by the pipeline's classifier. When it has answered, what its `next()`
 * calls still do is abandoned. It costs promises, where the built-in policies cost none.
 *
 * @param name says in error messages which one it is; not the name of a built-in policy.
 * @throws TypeError for a name that is empty, no string, or taken, for what is no function, and for a runtime that is not whole.
 */
export function custom(
  name: string,
  run: (next: () => Promise<unknown>, context: CustomContext) => unknown,
  runtime: Runtime = systemRuntime,
): TypedPolicy {
  if (typeof run !== 'function') throw new TypeError('custom needs a function of next');
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`custom: the name must be a non-empty string, got ${show(name)}`);
  }
  if (BUILT_IN.has(name)) {
    throw new TypeError(`custom: '${name}' is the name of a built-in policy`);
  }
  checkRuntime(runtime, 'custom');
  return new CustomPolicy(name, run, runtime);
}

type Run = (next: () => Promise<unknown>, context: CustomContext) => unknown;

class CustomPolicy implements TypedPolicy {
  readonly kind: string;
  readonly traits: Traits = { repeats: true };
  readonly runtime: Runtime;
  readonly #run: Run;

  constructor(name: string, run: Run, runtime: Runtime) {
    this.kind = name;
    this.#run = run;
    this.runtime = runtime;
  }

  enter(call: Call, slot: number): Step {
    call.root.context ??= this.runtime.context.capture();
    const running = new CustomRun(call, slot);
    call.remember(slot, running);
    running.begin(this.#run);
    return WAIT;
  }

  /** Never called: the call waits in `enter`, until the answer turns it around. */
  leave(): Step {
    return END;
  }

  cancel(call: Call, slot: number): void {
    (call.slots![slot] as CustomRun).abandon(call.error);
  }
}

/** One call inside a custom policy, and the branches it has started. */
class CustomRun implements CustomContext {
  readonly #call: Call;
  readonly #slot: number;
  readonly #branches = new Set<Branch>();
  #controller: AbortController | null = null;
  /** Why nobody waits for the policy any more; null as long as somebody does. */
  #abandoned: { readonly reason: unknown } | null = null;
  #over = false;

  constructor(call: Call, slot: number) {
    this.#call = call;
    this.#slot = slot;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abandoned !== null) this.#controller.abort(this.#abandoned.reason);
    }
    return this.#controller.signal;
  }

  get criticality(): Criticality {
    return this.#call.criticality;
  }

  get key(): string | undefined {
    return this.#call.asked?.key;
  }

  remaining(): number {
    const { deadline, plan } = this.#call;
    return deadline === null ? Infinity : Math.max(0, deadline - plan.runtime.clock.now());
  }

  begin(run: Run): void {
    whenSettled(
      () => run(() => this.#next(), this),
      (value) => this.#answer(true, value),
      (error) => this.#answer(false, error),
    );
  }

  abandon(reason: unknown): void {
    this.#over = true;
    this.#abandoned = { reason };
    this.#dropBranches(reason);
    this.#controller?.abort(reason);
  }

  #next(): Promise<unknown> {
    const call = this.#call;
    const promise = new Promise((resolve, reject) => {
      if (this.#over) {
        reject(new Error('next() was called after its call had ended'));
        return;
      }
      const observer: Observer = {
        onFlatStack: false,
        settled: (branch) => {
          this.#branches.delete(branch as Branch);
          if (branch.ok) resolve(branch.outcome);
          else reject(branch.error);
        },
      };
      // Read anew: the policy may have waited for something before.
      const branch = new Branch(call, this.#slot, observer, call.plan.runtime.clock.now());
      this.#branches.add(branch);
      call.plan.scheduler.start(branch);
    });
    // A policy may answer without awaiting it (a race, a cache): a rejection must not end the process then.
    promise.catch(() => {});
    return promise;
  }

  #answer(ok: boolean, outcome: unknown): void {
    const call = this.#call;
    if (this.#over) {
      if (ok) call.plan.discard?.(outcome);
      return;
    }
    this.#over = true;
    // The call waits no more: an abort that comes while it is answered is too late.
    call.step = RUNNING;
    this.#dropBranches(new Error('its policy has answered without waiting for it'));
    call.ok = ok;
    call.outcome = outcome;
    judge(call);
    call.plan.scheduler.resume(call, END);
  }

  #dropBranches(reason: unknown): void {
    for (const branch of this.#branches) {
      const { floor } = branch;
      interrupt(branch, { slot: floor, error: reason, verdict: 'ignored', stoppedBy: 'abort' });
    }
  }
}
