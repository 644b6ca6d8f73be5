import type { Runtime } from '../runtime/runtime.ts';
import type { Call } from './call.ts';
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
/** Beside the steps, a call may be in its own loop right now, */
export const RUNNING = 4;
/** or have ended. */
export const DONE = 5;

/**
 * A policy walks beside every call: in (`enter`), and back out (`leave`) if it let the call in.
 * What it must remember of one call sits in that call's slot: `call.remember(slot, ...)`.
 */
export interface Policy {
  /** The policy's name, e.g. `circuit-breaker`. */
  readonly kind: string;
  readonly runtime: Runtime;
  readonly traits: Traits;
  /** `GO`, `WAIT`, or `END` with the refusal on the call (`call.refuse`). */
  enter(call: Call, slot: number): Step;
  /** `GO`, `WAIT`, or `AGAIN`; always `GO` when the call is being cut, that is, when `call.index` is not `slot`. */
  leave(call: Call, slot: number): Step;
  /** Only for policies that wait: forget this call, which waits here and is being interrupted. */
  cancel?(call: Call, slot: number): void;
  /** Would this policy refuse an attempt now? The refusal, or null. Takes no permit. */
  peek?(call: Call): Refusal | null;
  /** A policy further in has shut: refuse what waits here and would be refused there. */
  flush?(): void;
  /** A timer that this policy armed, on the call or on its attempt, has expired. */
  expired?(call: Call, slot: number): void;
  /** Plain JSON of its state now. */
  snapshot?(): Readonly<Record<string, unknown>>;
}

/** What a pipeline must know of a policy to prepare its calls. */
export interface Traits {
  /** Needs a precise reading of the clock when a call starts. */
  readonly needsClock?: boolean;
  /** Attempts that last as long, in milliseconds, or longer mean something to it. */
  readonly judgesFrom?: number;
  /** May end the call, or what runs inside it, from a timer. */
  readonly timed?: boolean;
  /** `enter` only ever answers `GO`, so it need not be asked by a call that begins with it. */
  readonly entersFreely?: boolean;
  /** May run user code after something inside it has ended. */
  readonly repeats?: boolean;
  /** Gives each call a permit, a small integer. */
  readonly permits?: boolean;
}

/** Why a policy does not let a call in. */
export interface Refusal {
  readonly error: unknown;
  readonly stoppedBy: StoppedBy;
}

/**
 * A policy with its two steps taken out of it. Stages all have one shape, so the loop finds the step
 * by a plain load, where asking many kinds of policy for `enter` would each time be a search.
 */
export interface Stage {
  readonly policy: Policy;
  readonly enter: Policy['enter'];
  readonly leave: Policy['leave'];
  /** Those inside it that can be asked beforehand. */
  readonly peeks: readonly Policy[];
}

/** Everything that the calls of one pipeline share. */
export interface Plan {
  readonly policies: readonly Policy[];
  readonly stages: readonly Stage[];
  /** What `slots` begin as. */
  readonly noSlots: readonly undefined[];
  readonly runtime: Runtime;
  readonly scheduler: Scheduler;
  readonly classify: Classifier<never> | null;
  /** Told of values that nobody will receive, so that what they hold is let go. */
  readonly discard: ((value: unknown) => void) | null;
  readonly needsClock: boolean;
  /**
   * A success needs a precise reading of the clock if it seems to have lasted so many milliseconds;
   * Infinity if none does. Below, even the oldest reading shows that no policy would care.
   */
  readonly preciseFrom: number;
  readonly keepsContext: boolean;
  /** Nothing but its operation, or its caller, can end a running attempt. */
  readonly chains: boolean;
  /** The index that a call begins with: of the last of those in front that let everything in. */
  readonly entry: number;
  /** The policy whose permit has its own field on the call; -1 without one. */
  readonly permitSlot: number;
  /** How long an attempt usually takes, in milliseconds: a moving average of successes; 0 until one was seen. */
  usualDuration: number;
}

/** Resumes calls, one loop at a time. */
export interface Scheduler {
  /** Walks a new call in. */
  start(call: Call): void;
  /** The policy at which the call waits answers now: `GO`, `END` or `AGAIN`. */
  resume(call: Call, step: Step): void;
  /** The call's attempt has settled, in the caller's own context. */
  settled(call: Call): void;
  /** The call has ended, and its observer wants a flat stack. */
  deliver(call: Call): void;
}

/** What is to become of a call that is interrupted while its own loop runs it. */
export interface Interruption {
  readonly slot: number;
  readonly error: unknown;
  readonly verdict: Verdict;
  readonly stoppedBy: StoppedBy;
}

/** Who is told that a call has ended. */
export interface Observer {
  /** It may start further calls, so it must not be told on the stack of the call that ended. */
  readonly onFlatStack: boolean;
  settled(call: Call): void;
}

/** A call as it looks once it has ended. */
export interface Settled<T = unknown> {
  /** Whether the caller gets a value. */
  readonly ok: boolean;
  /** Undefined when it failed. */
  readonly value: T | undefined;
  /** Undefined when it did not. */
  readonly error: unknown;
  /** What the last attempt meant. */
  readonly verdict: Verdict;
  /** How many attempts were made. */
  readonly attempts: number;
  /** Why no further attempt was made; null after a success. */
  readonly stoppedBy: StoppedBy | null;
  /** The value is a fallback's. */
  readonly fellBack: boolean;
}
