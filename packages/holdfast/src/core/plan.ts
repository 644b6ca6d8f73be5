import type { Runtime } from '../runtime/runtime.ts';
import type { Classifier } from './outcome.ts';
import type { ClassifyPolicy } from './pipeline.ts';
import type { Plan, Policy, Scheduler, Stage } from './policy.ts';

/**
 * What the calls of these policies share.
 *
 * @throws TypeError for what is no policy, has another clock, or cannot stand together.
 */
export function planOf(given: readonly Policy[], runtime: Runtime, scheduler: Scheduler): Plan {
  for (const policy of given) checkPolicy(policy, runtime);
  const classifies = given.filter(isClassify);
  if (classifies.length > 1) {
    throw new TypeError('pipeline: one classify(...) says what outcomes mean; got two');
  }
  const classify = classifies[0] ?? null;
  // A copy has no more room than it needs, and a process may have ten thousand pipelines.
  const policies = given.filter((policy) => !isClassify(policy)).slice();
  if (policies.filter(({ kind }) => kind === 'deadline').length > 1) {
    throw new TypeError('pipeline: a call has one deadline; got two deadline policies');
  }
  if (classify === null && policies.some(({ kind }) => kind === 'retry')) {
    throw new TypeError('pipeline: a pipeline that retries needs classify(...) in it');
  }
  const lastTimed = policies.findLastIndex(({ traits }) => traits.timed === true);
  return {
    policies,
    stages: stagesOf(policies),
    noSlots: noSlots(policies.length),
    runtime,
    scheduler,
    classify: (classify?.classifier as Classifier<never> | undefined) ?? null,
    discard: quiet(classify?.discard ?? null),
    needsClock: runtime.sink !== null || policies.some(({ traits }) => traits.needsClock === true),
    preciseFrom: preciseFrom(policies),
    // User code that runs after a timer went off would otherwise run in the timer's context.
    keepsContext: policies
      .slice(0, Math.max(lastTimed, 0))
      .some(({ traits }) => traits.repeats === true),
    chains: !policies.some(({ traits }) => traits.timed === true),
    entry: entryOf(policies),
    permitSlot: policies.findLastIndex(({ traits }) => traits.permits === true),
    usualDuration: 0,
  };
}

/** From the inside out, so that stages with the same policies to ask share the list of them. */
function stagesOf(policies: readonly Policy[]): readonly Stage[] {
  const stages = new Array<Stage>(policies.length);
  let peeks: readonly Policy[] = NOBODY;
  for (let slot = policies.length - 1; slot >= 0; slot--) {
    const policy = policies[slot]!;
    const { enter, leave } = policy;
    stages[slot] = { policy, enter, leave, peeks };
    if (policy.peek !== undefined) peeks = [policy].concat(peeks);
  }
  return stages;
}

const NOBODY: readonly Policy[] = [];

/** By length: most pipelines of a process have one of a few. */
const allNoSlots: (readonly undefined[])[] = [];

function noSlots(length: number): readonly undefined[] {
  return (allNoSlots[length] ??= Array.from({ length }, () => undefined));
}

/** What a user's `discard` throws must not reach whoever had a value to drop. */
function quiet(discard: ((value: unknown) => void) | null): Plan['discard'] {
  if (discard === null) return null;
  return (value) => {
    try {
      discard(value);
    } catch {
      // Nobody waits for this value, and nobody for its end.
    }
  };
}

/** While a timer is armed, the clock's last reading is at most so old, in milliseconds. */
const READING_AGE = 100;

function preciseFrom(policies: readonly Policy[]): number {
  const judged = Math.min(...policies.map(({ traits }) => traits.judgesFrom ?? Infinity));
  if (judged === Infinity) return Infinity;
  const timed = policies.some(({ traits }) => traits.timed === true);
  return timed ? judged - READING_AGE : -Infinity;
}

/** Where a call begins: behind the policies that would let it in anyway. */
function entryOf(policies: readonly Policy[]): number {
  const first = policies.findIndex(({ traits }) => traits.entersFreely !== true);
  return (first === -1 ? policies.length : first) - 1;
}

function checkPolicy(policy: Policy, runtime: Runtime): void {
  if (typeof policy?.enter !== 'function' || typeof policy.leave !== 'function') {
    throw new TypeError(
      'pipeline: every part must be a policy, as made by retry(), timeout() and so on',
    );
  }
  if (policy.runtime.clock !== runtime.clock && !isClassify(policy)) {
    throw new TypeError(
      `pipeline: ${policy.kind} has another clock than the rest; make all with one runtime`,
    );
  }
}

function isClassify(policy: Policy): policy is ClassifyPolicy<never> {
  return policy.kind === 'classify';
}
