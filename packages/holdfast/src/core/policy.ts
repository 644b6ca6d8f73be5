import type { Runtime } from '../runtime/runtime.ts';
import type { Call, Ready } from './call.ts';
import type { SignalGroups } from './cancel-group.ts';
import type { Said } from './judge.ts';
import type { Classifier, StoppedBy, Verdict } from './outcome.ts';

/** Go on: to the next policy inwards when entering, outwards when leaving. */
export const GO = 0;
/** The call is suspended; whoever suspended it resumes it through the scheduler. */
export const WAIT = 1;
/** Turn around: the outcome is on the call, walk out from here. */
export const END = 2;
/** Walk in again from the policy that says so. */
export const AGAIN = 3;
export type Step = typeof GO | typeof WAIT | typeof END | typeof AGAIN;
/** No step, but in the place of one: the call is in its own loop right now. */
export const RUNNING = 4;
/** No step either: the call has ended. */
export const DONE = 5;

/**
 * Every call walks through its policies: in (`enter`), and back out (`leave`) where it was let in.
 * What a policy must remember of one call sits in that call's slot: `call.remember(slot, ...)`.
 */
export interface Policy {
  /** The policy's name, e.g. `circuit-breaker`. Ours have a getter for it: a field would cost memory in each of ten thousand. */
  readonly kind: string;
  readonly runtime: Runtime;
  readonly traits: Traits;
  /** Answers `GO`, `WAIT`, or `END` with the refusal on the call (`call.refuse`). */
  enter(call: Call, slot: number): Step;
  /** Answers `GO`, `WAIT`, or `AGAIN`; always `GO` when the call is being cut, that is, when `call.index` is not `slot`. */
  leave(call: Call, slot: number): Step;
  /** Only for policies that make calls wait: forgets a call that waits here and is being interrupted. */
  cancel?(call: Call, slot: number): void;
  /** Answers the refusal that an attempt would meet here now, or null. Takes no permit. */
  peek?(call: Call): Refusal | null;
  /** A policy further in has shut: refuses the calls that wait here and would be refused there. */
  flush?(): void;
  /** One call more (1) or less (-1) waits at a policy further out, which this one flushes when it shuts. */
  awaited?(waitsAt: Policy, change: 1 | -1): void;
  /** A timer that this policy armed, on the call or on its attempt, has expired. */
  expired?(call: Call, slot: number): void;
  /**
   * Lets a call in that goes straight (see `Passage`). Answers its permit, 0 if it needs none, or
   * `DETAINED` if it would have to wait, be refused, or be remembered. Without it, all are let in.
   */
  admit?(): number;
  /** Takes back an `admit`: the call was detained further in, and counts as never having been here. */
  unadmit?(): void;
  /** A call that went straight has succeeded. */
  passed?(permit: number): void;
  /** A call does not go straight any more: puts on it what `enter` would have put there. */
  takeOver?(call: Call, slot: number): void;
  /** Plain JSON of its state now. */
  snapshot?(): Readonly<Record<string, unknown>>;
  /** Makes another with the same options and a state of its own. A policy without this has no state: pipelines may share it. */
  sibling?(): Policy;
}

/** What a pipeline must know of a policy to prepare its calls. */
export interface Traits {
  /** Needs a precise reading of the clock when a call starts. */
  readonly needsClock?: boolean;
  /** Attempts that last so many milliseconds, or longer, mean something to it. */
  readonly judgesFrom?: number;
  /** May end the call, or what runs inside it, from a timer. */
  readonly timed?: boolean;
  /** Calls may go straight through it: all that it does with one that meets nothing, it can do without a `Call`. */
  readonly straight?: boolean;
  /** Ends what runs inside it after so many milliseconds. Calls go straight through a timed policy only if it says so. */
  readonly expiresAfter?: number;
  /** May run user code after something inside it has ended. */
  readonly repeats?: boolean;
  /** Gives each call a permit, a small integer. */
  readonly permits?: boolean;
}

/** Why a policy does not let a call in: what becomes the call's outcome. */
export interface Refusal {
  readonly error: unknown;
  readonly stoppedBy: StoppedBy;
}

/** `admit`'s answer to a call that cannot go straight. */
export const DETAINED = -1;

/**
 * The methods of one kind of policy. All `Steps` have the same shape, so the loop finds a method by a
 * plain load; to find `enter` on policies of many kinds would be a search each time.
 */
export interface Steps {
  readonly enter: Policy['enter'];
  readonly leave: Policy['leave'];
  readonly admit: Required<Policy>['admit'] | null;
  readonly passed: Required<Policy>['passed'] | null;
}

/** A pipeline as its calls see it: its policies, and what it has noticed so far. */
export interface PipelineState {
  readonly plan: Plan;
  readonly policies: readonly Policy[];
  /**
   * How long an attempt usually takes: a moving average of successes, by the clock's last readings
   * (so up to 100 ms less); 0 until one was seen. Whole microseconds, since a fraction would be an
   * object of its own in each of ten thousand pipelines.
   */
  usualMicroseconds: number;
  /** Calls that wait for their next attempt. */
  waiting: number;
}

/** What follows from a pipeline's policies and never changes, so that siblings share it. */
export interface Plan {
  /** One for each policy. */
  readonly steps: readonly Steps[];
  /** What a call's `slots` begin as. */
  readonly noSlots: readonly undefined[];
  readonly runtime: Runtime;
  readonly scheduler: Scheduler;
  readonly signals: SignalGroups;
  readonly classify: Classifier<never> | null;
  /** Told of values that nobody will receive, so that what they hold is let go. */
  readonly discard: ((value: unknown) => void) | null;
  readonly needsClock: boolean;
  /** Attempts that last so many milliseconds, or longer, mean something to a policy; Infinity if none cares. */
  readonly judgesFrom: number;
  /**
   * A success needs a precise reading of the clock if it seems to have lasted so many milliseconds;
   * Infinity if none does. Below that, even the oldest reading shows that no policy would care.
   */
  readonly preciseFrom: number;
  /** Whether a call keeps its caller's async context from its start. */
  readonly keepsContext: boolean;
  /** Whether calls that meet nothing go straight through: see `Passage`. */
  readonly straight: boolean;
  /** The policy whose timer a call that goes straight carries: the one that expires first. -1 without one. */
  readonly timerSlot: number;
  /** Milliseconds until that timer expires; 0 without one. */
  readonly expiresAfter: number;
  /** Milliseconds that a call has in all; null without a deadline. */
  readonly deadlineAfter: number | null;
  /** Milliseconds that one attempt has: the timeout's next to the operation. Infinity without one. */
  readonly attemptTimeout: number;
  /** The policy whose permit has its own field on the call; -1 without one. */
  readonly permitSlot: number;
}

/** Resumes calls, one loop at a time. */
export interface Scheduler {
  /** Whether a call that started now would have to wait for its turn, and so could not go straight. */
  readonly isBusy: boolean;
  /** Walks a new call in. */
  start(call: Call): void;
  /** The policy at which the call waits answers now: `GO`, `END` or `AGAIN`. */
  resume(call: Call, step: Step): void;
  /** The call's attempt has settled, in the caller's own context; `said` is what the classifier says of it, if it was asked already. */
  settled(call: Call, said?: Said): void;
  /** User code is about to run outside of any loop: calls that it resumes wait for `released`. */
  held(): void;
  released(): void;
  /** The operation has answered this to a call that went straight until then. */
  operated(call: Call, result: unknown): void;
  /** The call has ended, and its caller is to be told on a flat stack. */
  deliver(ended: Ready): void;
}

/** How a call is interrupted: by the policy at `slot` (-1 for its caller), and with what outcome. */
export interface Interruption {
  readonly slot: number;
  readonly error: unknown;
  readonly verdict: Verdict;
  readonly stoppedBy: StoppedBy;
}

/** Who is told that a call has ended. */
export interface Observer {
  /** Whether it must not be told on the stack of the call that ended, since it may start further calls. */
  readonly onFlatStack: boolean;
  settled(call: Call): void;
}

/** A call as it looks once it has ended. */
export interface Settled<T = unknown> {
  /** Whether the caller gets a value. */
  readonly ok: boolean;
  /** What the call answered; undefined when it failed. */
  readonly value: T | undefined;
  /** What the call failed with; undefined when it did not fail. */
  readonly error: unknown;
  /** What the last attempt meant. */
  readonly verdict: Verdict;
  /** How many attempts were made. */
  readonly attempts: number;
  /** Why no further attempt was made; null after a success. */
  readonly stoppedBy: StoppedBy | null;
  /** Whether the value is a fallback's. */
  readonly fellBack: boolean;
}
