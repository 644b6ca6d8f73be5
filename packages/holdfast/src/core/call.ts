import { UnbuiltError } from './call-error.ts';
import type { LiveAttempt } from './attempt.ts';
import type { CallOptions, Criticality, Operation } from './operation.ts';
import type { AttemptRecord, Judgement, StoppedBy, Verdict } from './outcome.ts';
import type { Passage } from './passage.ts';
import {
  type DONE,
  END,
  GO,
  type Interruption,
  type Observer,
  type PipelineState,
  type Plan,
  type RUNNING,
  type Settled,
  type Step,
} from './policy.ts';

/** What an attempt knows of its call, which is a `Call`, or a `Passage` that becomes one when it must. */
export interface Caller {
  readonly pipeline: PipelineState;
  readonly plan: Plan;
  readonly asked: CallOptions | undefined;
  /** On the monotonic clock; null without a deadline. */
  readonly deadline: number | null;
  /** The slot of the policy whose timer the attempt carries. */
  readonly timerSlot: number;
  membership: Membership | null;
  /** The call that the user made: this one, unless it is a branch. All user code runs in its async context. */
  readonly root: { context: unknown };
  /** This call as long as it goes straight; null otherwise. */
  readonly passage: Passage | null;
  toCall(): Call;
}

/** What may stand on the scheduler's list: a call that is to go on, or one that has ended and whose caller is to be told. */
export interface Ready {
  readonly plan: Plan;
  readonly root: { readonly context: unknown };
  /** The next on the list; the last one points to itself. Null means that it is not on the list. */
  nextReady: Ready | null;
  /** Tells the caller that it has ended. */
  tell(): void;
}

/** A call's place in a group of calls that end together. */
export interface Membership {
  /** The same call's place in another group: a call may have both a signal and a parent. */
  readonly other: Membership | null;
  leave(): void;
}

/** Calls that end together: those of one signal, or of one parent's attempt. */
export interface CallGroup {
  add(caller: Caller): void;
  abort(reason: unknown): void;
}

/**
 * One call on its way through its policies: what was asked, where it stands, and what came out so
 * far. User code never sees it, only its `Attempt`s. Fields that few calls need are null until then.
 */
export class Call implements Caller, Ready, Settled {
  readonly pipeline: PipelineState;
  /** The plan of the pipeline. */
  readonly plan: Plan;
  readonly operation: Operation;
  readonly asked: CallOptions | undefined;
  readonly observer: Observer;
  resolve: ((value: unknown) => void) | null = null;
  reject: ((error: unknown) => void) | null = null;
  /** Where it stands: the policy that was asked last. */
  index: number = -1;
  /** Whether it walks in, and not out. */
  entering: boolean = true;
  /** What the policy at `index` answered last, or `RUNNING`, or `DONE`. */
  step: Step | typeof RUNNING | typeof DONE = GO;
  /** On the monotonic clock; null when no policy of the plan needs the time. */
  readonly startedAt: number | null;
  attemptStartedAt: number | null;
  /** On the monotonic clock; null without a deadline. */
  deadline: number | null = null;
  /** Attempts started. Those of a branch are counted at its root. */
  attempts: number = 0;
  /** The last attempt: prepared, running, settled or abandoned. */
  live: LiveAttempt | null = null;
  ok: boolean = true;
  /** The value or the error, as `ok` says. An error may still have to be built: `error` does that. */
  outcome: unknown = undefined;
  verdict: Verdict = 'success';
  judgement: Judgement | null = null;
  stoppedBy: StoppedBy | null = null;
  /** Whether the value came from a fallback. */
  fellBack: boolean = false;
  records: AttemptRecord[] | null = null;
  /** The permit of the policy at `plan.permitSlot`. */
  permit: number = 0;
  /** What policies remember of this call. */
  slots: unknown[] | null = null;
  /** The caller's async context, captured when it is first needed. */
  context: unknown = null;
  interruption: Interruption | null = null;
  nextReady: Ready | null = null;
  membership: Membership | null = null;

  constructor(
    pipeline: PipelineState,
    operation: Operation,
    asked: CallOptions | undefined,
    observer: Observer,
    startedAt: number | null,
  ) {
    this.pipeline = pipeline;
    this.plan = pipeline.plan;
    this.operation = operation;
    this.asked = asked;
    this.observer = observer;
    this.startedAt = startedAt;
    this.attemptStartedAt = startedAt;
  }

  /** The index at which its walk out ends. */
  get floor(): number {
    return -1;
  }

  /** The call that the user made: itself, unless it is a branch. */
  get root(): Call {
    return this;
  }

  get value(): unknown {
    return this.ok ? this.outcome : undefined;
  }

  get error(): unknown {
    if (this.ok) return undefined;
    if (UnbuiltError.is(this.outcome)) this.outcome = this.outcome.build();
    return this.outcome;
  }

  get criticality(): Criticality {
    return criticalityOf(this.asked);
  }

  get timerSlot(): number {
    return this.plan.steps.length - 1;
  }

  get passage(): null {
    return null;
  }

  toCall(): Call {
    return this;
  }

  tell(): void {
    this.observer.settled(this);
  }

  /** Whether repeating the last attempt can do no harm. */
  get safeToRepeat(): boolean {
    const { asked } = this;
    return (
      asked?.idempotent === true || asked?.key !== undefined || this.judgement?.neverSent === true
    );
  }

  /** Milliseconds left before the deadline, by the clock's last reading. */
  get remaining(): number {
    return this.deadline === null ? Infinity : this.deadline - this.plan.runtime.clock.recent();
  }

  /** Remembers something of this call for the policy at `slot`. */
  remember(slot: number, memory: unknown): void {
    this.slots ??= this.plan.noSlots.slice();
    this.slots[slot] = memory;
  }

  /** Remembers a permit of the policy at `slot`: one in a field, further ones in slots. */
  keepPermit(slot: number, permit: number): void {
    if (slot === this.plan.permitSlot) this.permit = permit;
    else this.remember(slot, permit);
  }

  permitOf(slot: number): number {
    return slot === this.plan.permitSlot ? this.permit : (this.slots![slot] as number);
  }

  /** Ends the walk in: the answer of a policy that does not let the call through. */
  refuse(error: unknown, stoppedBy: StoppedBy): typeof END {
    this.ok = false;
    this.outcome = error;
    this.verdict = 'ignored';
    this.judgement = null;
    this.stoppedBy = stoppedBy;
    return END;
  }
}

/** The part of a call inside one policy, as a call of its own: a policy may run several. */
export class Branch extends Call {
  readonly #parent: Call;
  readonly #floor: number;

  constructor(parent: Call, slot: number, observer: Observer, now: number) {
    super(parent.pipeline, parent.operation, parent.asked, observer, parent.startedAt);
    this.#parent = parent;
    this.#floor = slot;
    this.index = slot;
    this.deadline = parent.deadline;
    this.attemptStartedAt = now;
  }

  override get floor(): number {
    return this.#floor;
  }

  override get root(): Call {
    return this.#parent.root;
  }
}

/** How important a call is: as its options say, else as its parent is, else `critical`. */
export function criticalityOf(asked: CallOptions | undefined): Criticality {
  return asked?.criticality ?? asked?.parent?.criticality ?? 'critical';
}
