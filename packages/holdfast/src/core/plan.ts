import type { Runtime } from '../runtime/runtime.ts';
import { SignalGroups } from './cancel-group.ts';
import { disregard } from './edge.ts';
import { show } from './options.ts';
import type { Classifier } from './outcome.ts';
import type { ClassifyPolicy } from './pipeline.ts';
import type { Plan, Policy, Steps } from './policy.ts';
import { CallScheduler } from './run.ts';

/**
 * Checks policies that are to stand together. Answers their plan, and the policies that calls walk
 * through: all but `classify`.
 *
 * @throws TypeError for what is no policy, has another clock, or cannot stand together.
 */
export function planned(given: readonly Policy[], runtime: Runtime): [Plan, readonly Policy[]] {
  for (const policy of given) checkPolicy(policy, runtime);
  const classifies = given.filter(isClassify);
  if (classifies.length > 1) {
    throw new TypeError('pipeline: one classify(...) says what outcomes mean; got two');
  }
  const classify = classifies[0] ?? null;
  // What `filter` makes has room to spare, its copy has not: a process may have ten thousand pipelines.
  const policies = given.filter((policy) => !isClassify(policy)).slice();
  if (policies.filter(({ kind }) => kind === 'deadline').length > 1) {
    throw new TypeError('pipeline: a call has one deadline; got two deadline policies');
  }
  checkRepeated(policies);
  if (classify === null && policies.some(({ kind }) => kind === 'retry')) {
    throw new TypeError('pipeline: a pipeline that retries needs classify(...) in it');
  }
  return [planOf(policies, classify, runtime), policies];
}

function planOf(
  policies: readonly Policy[],
  classify: ClassifyPolicy<never> | null,
  runtime: Runtime,
): Plan {
  const lastTimed = policies.findLastIndex(({ traits }) => traits.timed === true);
  const timerSlot = timerSlotOf(policies);
  const judgesFrom = Math.min(...policies.map(({ traits }) => traits.judgesFrom ?? Infinity));
  return {
    steps: policies.map(stepsOf),
    noSlots: noSlots(policies.length),
    runtime,
    ...sharedOf(runtime),
    classify: (classify?.classifier as Classifier<never> | undefined) ?? null,
    discard: quiet(classify?.discard ?? null),
    needsClock: runtime.sink !== null || policies.some(({ traits }) => traits.needsClock === true),
    judgesFrom,
    preciseFrom: preciseFrom(judgesFrom, policies),
    // Else user code that runs after a timer went off would run in the timer's context.
    keepsContext: policies
      .slice(0, Math.max(lastTimed, 0))
      .some(({ traits }) => traits.repeats === true),
    permitSlot: policies.findLastIndex(({ traits }) => traits.permits === true),
    straight: policies.every(letsStraight) && policies.filter(givesPermits).length <= 1,
    timerSlot,
    expiresAfter: policies[timerSlot]?.traits.expiresAfter ?? 0,
    deadlineAfter: policies.find(({ kind }) => kind === 'deadline')?.traits.expiresAfter ?? null,
    attemptTimeout: attemptTimeoutOf(policies.at(-1)),
  };
}

/** One timer serves a call that goes straight: that of the policy which would end it first. */
function timerSlotOf(policies: readonly Policy[]): number {
  const limits = policies.map(({ traits }) => traits.expiresAfter ?? Infinity);
  const shortest = Math.min(...limits);
  return shortest === Infinity ? -1 : limits.indexOf(shortest);
}

function attemptTimeoutOf(innermost: Policy | undefined): number {
  return innermost?.kind === 'timeout' ? innermost.traits.expiresAfter! : Infinity;
}

/** Whether calls may go straight through a policy: one with a timer must be innermost, or able to take over. */
function letsStraight(policy: Policy, slot: number, policies: readonly Policy[]): boolean {
  const { straight, expiresAfter } = policy.traits;
  if (straight !== true) return false;
  return (
    expiresAfter === undefined || policy.takeOver !== undefined || slot === policies.length - 1
  );
}

function givesPermits({ traits }: Policy): boolean {
  return traits.permits === true;
}

/** By the prototype of a policy: the policies of one kind share their steps. */
const knownSteps = new WeakMap<object, Steps>();

function stepsOf(policy: Policy): Steps {
  const { enter, leave, admit = null, passed = null } = policy;
  const kind = Object.getPrototypeOf(policy) as Policy;
  let steps = knownSteps.get(kind);
  if (steps?.enter !== enter || steps.leave !== leave) {
    steps = { enter, leave, admit, passed };
    knownSteps.set(kind, steps);
  }
  return steps;
}

/** By length: the pipelines of a process have only a few different ones. */
const allNoSlots: (readonly undefined[])[] = [];

function noSlots(length: number): readonly undefined[] {
  return (allNoSlots[length] ??= Array.from({ length }, () => undefined));
}

/** Makes a user's `discard` one that never throws: it must not disturb whoever has a value to drop. */
function quiet(discard: ((value: unknown) => void) | null): Plan['discard'] {
  if (discard === null) return null;
  let quietly = quietOnes.get(discard);
  if (quietly === undefined) {
    quietly = (value) => {
      try {
        disregard(discard(value));
      } catch {
        // Nobody waits for this value, or for what becomes of it.
      }
    };
    quietOnes.set(discard, quietly);
  }
  return quietly;
}

type Discard = (value: unknown) => void;

/** Shared, since all dependencies have the same `discard`. */
const quietOnes = new WeakMap<Discard, Discard>();

/** While a timer is armed, the clock's last reading is at most so old, in milliseconds. */
const READING_AGE = 100;

function preciseFrom(judgesFrom: number, policies: readonly Policy[]): number {
  if (judgesFrom === Infinity) return Infinity;
  const timed = policies.some(({ traits }) => traits.timed === true);
  return timed ? judgesFrom - READING_AGE : -Infinity;
}

/** Pipelines of one clock share one loop. */
const shared = new WeakMap<object, Pick<Plan, 'scheduler' | 'signals'>>();

function sharedOf(runtime: Runtime): Pick<Plan, 'scheduler' | 'signals'> {
  let found = shared.get(runtime.clock);
  if (found === undefined) {
    found = { scheduler: new CallScheduler(runtime), signals: new SignalGroups(runtime.clock) };
    shared.set(runtime.clock, found);
  }
  return found;
}

function checkPolicy(policy: Policy, runtime: Runtime): void {
  if (typeof policy?.enter !== 'function' || typeof policy.leave !== 'function') {
    throw new TypeError(
      `pipeline: every part must be a policy, as made by retry(), timeout() and so on, got ${show(policy)}`,
    );
  }
  if (policy.runtime.clock !== runtime.clock && !isClassify(policy)) {
    throw new TypeError(
      `pipeline: ${policy.kind} has another clock than the rest; make all with one runtime`,
    );
  }
}

/** By kind: what goes wrong for a call that meets the same policy twice. Other kinds may be repeated. */
const MET_TWICE: ReadonlyMap<string, string> = new Map([
  ['bulkhead', 'a call would wait for a slot while it holds one'],
  ['circuit-breaker', 'it would count each attempt twice'],
  ['retry-budget', 'it would count each attempt twice'],
]);

function checkRepeated(policies: readonly Policy[]): void {
  for (const [slot, { kind }] of policies.entries()) {
    const consequence = MET_TWICE.get(kind);
    if (consequence === undefined || policies.indexOf(policies[slot]!) === slot) continue;
    throw new TypeError(
      `pipeline: the same ${kind} is in it twice, and ${consequence}; make one for each place`,
    );
  }
}

function isClassify(policy: Policy): policy is ClassifyPolicy<never> {
  return policy.kind === 'classify';
}
