import type { Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { LiveAttempt } from './attempt.ts';
import { Call } from './call.ts';
import type { PipelineState, Plan, Policy, Settled } from './policy.ts';
import { CancelGroup } from './cancel-group.ts';
import { isMoment, milliseconds } from './duration.ts';
import {
  callbackEdge,
  callEdge,
  type Edge,
  type PromiseEdge,
  promiseOf,
  type Result,
  tryEdge,
  withFrames,
} from './edge.ts';
import { type Attempt, type CallOptions, CRITICALITIES, type Operation } from './operation.ts';
import { isPlainObject, show, unknownOption } from './options.ts';
import type { Classifier } from './outcome.ts';
import { goStraight, type Passage, passageThrough, startStraight } from './passage.ts';
import { planned } from './plan.ts';

/**
 * Policies around an operation, outermost first. `In` is what the classifier understands, `Adds`
 * what a fallback may answer instead. Any pipeline fits `Pipeline<never, unknown>`.
 */
export interface Pipeline<in In = unknown, out Adds = never> {
  /** Runs the operation under the policies. Rejects with the operation's error, the caller's abort reason, or a `HoldfastError`. */
  call<T extends In>(operation: Operation<T>, options?: CallOptions): Promise<T | Adds>;
  /** As `call`, but never rejects: it answers a `Result`, a union that `ok` tells apart. */
  tryCall<T extends In>(operation: Operation<T>, options?: CallOptions): Promise<Result<T | Adds>>;
  /**
   * As `call`, without any promise: `done` is called once, with a view of the ended call that must
   * not be kept. For simulators and callback code.
   */
  start<T extends In>(
    operation: Operation<T>,
    done: (settled: Settled<T | Adds>) => void,
    options?: CallOptions,
  ): void;
  /** Makes a function that calls `operation` in this way each time; the operation gets its arguments after the attempt. */
  wrap<Args extends readonly unknown[], T extends In>(
    operation: (attempt: Attempt, ...args: Args) => T | PromiseLike<T>,
    options?: CallOptions,
  ): (...args: Args) => Promise<T | Adds>;
  /** Plain JSON of every policy's state now. */
  snapshot(): Record<string, unknown>;
}

/** A policy, and what it means for the types of a pipeline. */
export interface TypedPolicy<Adds = never, Needs = never, In = never> extends Policy {
  /** For the type checker only. `adds`: values a call may get from it; `needs`: what must be beside it; `in`: what it classifies. */
  readonly '~types'?: { readonly adds: Adds; readonly needs: Needs; readonly in: In };
}

/** The `needs` of a policy that must know what outcomes mean. */
export type NeedsClassifier = 'classifier';

/** Says what outcomes mean; see `classify`. */
export interface ClassifyPolicy<In> extends TypedPolicy<never, never, (outcome: In) => void> {
  readonly classifier: Classifier<In>;
  readonly discard: ((value: unknown) => void) | null;
}

type AddsOf<P> = P extends { readonly '~types'?: { adds: infer Adds } } ? Adds : never;
type NeedsOf<P> = P extends { readonly '~types'?: { needs: infer Needs } } ? Needs : never;
type InOf<P> = P extends { readonly '~types'?: { in: infer Told } } ? OutcomeOf<Told> : never;
type OutcomeOf<Told> = Told extends (outcome: infer In) => void ? In : never;

/** What the compiler says of a retrying pipeline in which nobody says what an outcome means. */
export interface MissingClassifier {
  readonly 'a pipeline that retries needs classify(...) in it': never;
}

/** The policies as they are; without a classifier, a policy that needs one has a type that it does not fit. */
type Checked<Ps extends readonly Policy[]> = [InOf<Ps[number]>] extends [never]
  ? { readonly [K in keyof Ps]: [NeedsOf<Ps[K]>] extends [never] ? Ps[K] : MissingClassifier }
  : Ps;

/**
 * Composes policies, outermost first: for those who know why their order should not be that of
 * `dependency()`. Policies may be shared between pipelines; all must have the same clock.
 *
 * @throws TypeError for anything that is not a policy, two deadlines, the same bulkhead, breaker or
 *   budget twice, or a retry without `classify`.
 */
export function pipeline<const Ps extends readonly Policy[]>(
  ...policies: Ps & Checked<Ps>
): Pipeline<[InOf<Ps[number]>] extends [never] ? unknown : InOf<Ps[number]>, AddsOf<Ps[number]>> {
  return pipelineOn(systemRuntime, policies) as never;
}

/** The same, on this runtime unless the policies have another. */
export function pipelineOn(runtime: Runtime, policies: readonly Policy[]): PolicyPipeline {
  return new PolicyPipeline(...planned(policies, runtimeOf(policies) ?? runtime));
}

/** The one implementation of `Pipeline`. */
export class PolicyPipeline implements PipelineState {
  readonly plan: Plan;
  readonly policies: readonly Policy[];
  usualMicroseconds = 0;
  waiting = 0;

  constructor(plan: Plan, policies: readonly Policy[]) {
    this.plan = plan;
    this.policies = policies;
  }

  call(operation: Operation, options?: CallOptions): Promise<unknown> {
    const promise = promised(this, operation, options, callEdge);
    return this.plan.runtime.diagnostics ? withFrames(promise) : promise;
  }

  tryCall(operation: Operation, options?: CallOptions): Promise<Result<unknown>> {
    return promised(this, operation, options, tryEdge) as Promise<Result<unknown>>;
  }

  start(operation: Operation, done: (settled: Settled) => void, options?: CallOptions): void {
    if (typeof done !== 'function') {
      throw new TypeError(`start needs a function to tell of the end, got ${show(done)}`);
    }
    const { plan } = this;
    const passage = plan.scheduler.isBusy ? null : straight(this, operation, options, callbackEdge);
    if (passage !== null) {
      startStraight(passage, done);
      return;
    }
    const call = new Call(this, operation, options, callbackEdge, startTime(plan));
    call.resolve = done as (value: unknown) => void;
    call.context = plan.runtime.context.capture();
    begin(call, options);
  }

  wrap<Args extends readonly unknown[]>(
    operation: (attempt: Attempt, ...args: Args) => unknown,
    options?: CallOptions,
  ): (...args: Args) => Promise<unknown> {
    if (typeof operation !== 'function')
      throw new TypeError(`wrap needs a function of an attempt, got ${show(operation)}`);
    return (...args) => this.call((attempt) => operation(attempt, ...args), options);
  }

  snapshot(): Record<string, unknown> {
    const parts: Record<string, unknown> = {};
    for (const policy of this.policies) {
      if (policy.snapshot === undefined) continue;
      let name = policy.kind;
      for (let n = 2; Object.hasOwn(parts, name); n++) name = `${policy.kind} ${n}`;
      parts[name] = policy.snapshot();
    }
    return parts;
  }
}

// Functions, not private methods, which would put a mark on each of ten thousand pipelines.

function promised(
  owner: PolicyPipeline,
  operation: Operation,
  options: CallOptions | undefined,
  edge: PromiseEdge,
): Promise<unknown> {
  const passage = straight(owner, operation, options, edge);
  if (passage !== null) return goStraight(passage);
  const { plan } = owner;
  const call = new Call(owner, operation, options, edge, startTime(plan));
  if (plan.keepsContext) call.context = plan.runtime.context.capture();
  begin(call, options);
  return promiseOf(call);
}

/** The call as a passage that has begun; null if it cannot go straight. */
function straight(
  owner: PolicyPipeline,
  operation: Operation,
  options: CallOptions | undefined,
  edge: Edge,
): Passage | null {
  const { plan } = owner;
  if (!plan.straight || typeof operation !== 'function') return null;
  if (options === undefined) return passageThrough(owner, operation, options, edge, null);
  if (problemWith(options, plan) !== null) return null;
  const { parent, deadline, signal } = options;
  if (parent !== undefined || deadline !== undefined || signal?.aborted) return null;
  const group = signal === undefined ? null : plan.signals.of(signal);
  return passageThrough(owner, operation, options, edge, group);
}

function begin(call: Call, options: CallOptions | undefined): void {
  if (typeof call.operation !== 'function') {
    const got = show(call.operation);
    const error = new TypeError(`the operation must be a function of an attempt, got ${got}`);
    call.refuse(error, 'rejected');
    call.entering = false;
    call.index = 0;
  } else if (options !== undefined && !applyOptions(call, options)) {
    call.entering = false;
    call.index = 0;
  }
  call.plan.scheduler.start(call);
}

/** Applies what the caller said of this call; false when that ends it already. */
function applyOptions(call: Call, options: CallOptions): boolean {
  const { plan } = call;
  const wrong = problemWith(options, plan);
  if (wrong !== null) {
    call.refuse(wrong, 'rejected');
    return false;
  }
  const { signal, parent } = options;
  if (signal !== undefined) {
    if (signal.aborted) {
      call.refuse(signal.reason, 'abort');
      return false;
    }
    plan.signals.of(signal).add(call);
  }
  if (parent === undefined) return true;
  const attempt = parent as LiveAttempt;
  if (attempt.isAbandoned) {
    call.refuse(attempt.signal.reason, 'abort');
    return false;
  }
  if (attempt.isRunning) attempt.adopt(call, () => new CancelGroup(plan.runtime.clock));
  return true;
}

/** When a call starts, by a precise reading of the clock; null if no policy needs the time. */
function startTime({ needsClock, runtime }: Plan): number | null {
  return needsClock ? runtime.clock.now() : null;
}

const CALL_OPTIONS = [
  'idempotent',
  'key',
  'repeatable',
  'criticality',
  'deadline',
  'signal',
  'parent',
];

/** The error for what is wrong with a call's options, or null. */
function problemWith(options: CallOptions, plan: Plan): TypeError | RangeError | null {
  if (typeof options !== 'object' || options === null) {
    return new TypeError(`options must be an object, got ${show(options)}`);
  }
  const { idempotent, repeatable, criticality, deadline, parent, key, signal } = options;
  if (!isFlag(idempotent)) return flagWanted('idempotent', idempotent);
  if (!isFlag(repeatable)) return flagWanted('repeatable', repeatable);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    return new TypeError(`options.signal must be an AbortSignal, got ${show(signal)}`);
  }
  if (deadline !== undefined) {
    if (Number.isNaN(milliseconds(deadline)) || isMoment(deadline)) {
      const not = isMoment(deadline) ? ', and no moment like Date.now()' : '';
      return new RangeError(
        `options.deadline must be a duration from now (milliseconds, or like '250ms', '5s')${not}, got ${show(deadline)}`,
      );
    }
    if (plan.deadlineAfter === null) {
      return new TypeError('options.deadline needs a deadline policy in the pipeline');
    }
  }
  if (criticality !== undefined && !CRITICALITIES.includes(criticality)) {
    const known = CRITICALITIES.join(', ');
    return new RangeError(`options.criticality must be one of ${known}, got ${show(criticality)}`);
  }
  if (parent !== undefined && !(parent instanceof LiveAttempt)) {
    // Its call's end is told within one copy only.
    const got = isAttempt(parent)
      ? ' by this copy of holdfast, got one of another copy'
      : `, got ${show(parent)}`;
    return new TypeError(`options.parent must be the attempt that an operation was given${got}`);
  }
  if (key !== undefined && (typeof key !== 'string' || key === '')) {
    const got = key === '' ? 'an empty one' : typeof key;
    return new TypeError(`options.key must be a non-empty string, got ${got}`);
  }
  if (!plan.runtime.diagnostics) return null;
  // A signal in the place of options, say: nobody would hear of it.
  if (!isPlainObject(options)) {
    return new TypeError(`options must be an object, got ${show(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !CALL_OPTIONS.includes(name));
  return unknown === undefined
    ? null
    : new TypeError(unknownOption(unknown, 'options', CALL_OPTIONS));
}

function isAttempt(given: Partial<Attempt> | null): boolean {
  return typeof given?.succeed === 'function';
}

function isFlag(given: unknown): boolean {
  return given === undefined || typeof given === 'boolean';
}

function flagWanted(name: keyof CallOptions, given: unknown): TypeError {
  return new TypeError(`options.${name} must be true or false, got ${show(given)}`);
}

function runtimeOf(policies: readonly Policy[]): Runtime | undefined {
  return policies.find((policy) => policy?.kind !== 'classify')?.runtime;
}
