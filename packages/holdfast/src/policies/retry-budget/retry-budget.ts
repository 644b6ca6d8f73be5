import { UnbuiltError } from '../../core/call-error.ts';
import type { Call } from '../../core/call.ts';
import { GO, type Refusal, type Step, type Traits } from '../../core/policy.ts';
import { RetryBudgetExhaustedError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { checkKinds } from '../../core/kinds.ts';
import { parseOptions, Problems } from '../../core/options.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import {
  BUDGET_KINDS,
  type ParsedRetryBudget,
  type RetryBudgetOptions,
  retryBudgetOptions,
} from './options.ts';
import { BudgetState, type Charge } from './state.ts';
import type { RetryBudgetExhaustedEvent } from './telemetry.ts';

/** A retry budget: a policy, and what it can be asked. */
export interface RetryBudget extends TypedPolicy {
  /** The share of the budget that is used up now, 0 to 1. */
  readonly utilisation: number;
}

/**
 * Bounds extra attempts to a share of the calls that succeed. It counts those of all policies outside
 * of it, so one is enough for a dependency. Three layers of three attempts each then send
 * 1.1 x 1.1 x 1.1 instead of 27 requests when all of them fail.
 *
 * A retry asks here before it waits, and is charged when the attempt begins. Where a policy further in
 * refuses the attempt, the charge is given back. A spent budget ends the call with a
 * `RetryBudgetExhaustedError` whose `cause` is the last real error; a value (a 503 response) is
 * handed to the caller as it is. First attempts are never refused.
 *
 * Sources: Finagle's RetryBudget; gRPC A6; the SRE book, ch. 22; Brooker, "Fixing retries with
 * token buckets and circuit breakers" (2022).
 *
 * @throws TypeError, RangeError for wrong options, and for a runtime that is not whole.
 */
export function retryBudget(
  options: RetryBudgetOptions = {},
  runtime: Runtime = systemRuntime,
): RetryBudget {
  checkRuntime(runtime, 'retryBudget');
  const parsed = parseOptions(retryBudgetOptions, options, 'retryBudget');
  const problems = new Problems();
  checkKinds(options, parsed.kind, BUDGET_KINDS, 'retryBudget', problems);
  problems.throwAny();
  return new SharedBudget(parsed, runtime);
}

const TRAITS: Traits = { needsClock: true, straight: true };
/** Not straight: every call earns when it comes, even one that is detained further in. */
const EARNED_BY_CALL: Traits = { needsClock: true };

/** The policy. It extends its state, to be one object and not two: a process may have ten thousand. */
class SharedBudget extends BudgetState implements RetryBudget {
  readonly runtime: Runtime;

  constructor(options: ParsedRetryBudget, runtime: Runtime) {
    super(options);
    this.runtime = runtime;
  }

  get utilisation(): number {
    return this.utilisationAt(this.runtime.clock.now());
  }

  get kind(): 'retry-budget' {
    return 'retry-budget';
  }

  get traits(): Traits {
    return this.options.earnedBy === 'call' ? EARNED_BY_CALL : TRAITS;
  }

  sibling(): SharedBudget {
    return new SharedBudget(this.options, this.runtime);
  }

  enter(call: Call, slot: number): Step {
    const { attempts } = call.root;
    const { options } = this;
    const now = this.runtime.clock.recent();
    if (attempts === 0) {
      if (options.earnedBy === 'call') this.earn(now);
      return GO;
    }
    const charge = this.charge(now);
    if (charge === null) return call.refuse(exhausted(call, this), 'budget');
    call.remember(slot, new ChargedAttempt(charge, attempts));
    return GO;
  }

  leave(call: Call, slot: number): Step {
    const now = this.runtime.clock.recent();
    const charged = call.slots?.[slot] as ChargedAttempt | undefined;
    if (charged !== undefined && charged.attemptsBefore === call.root.attempts) {
      this.refund(charged.charge, now);
    }
    const { earnedBy } = this.options;
    if (call.verdict === 'success' && earnedBy === 'success') this.earn(now);
    return GO;
  }

  passed(): void {
    this.earn(this.runtime.clock.recent());
  }

  peek(call: Call): Refusal | null {
    if (call.root.attempts === 0 || this.allows(this.runtime.clock.recent())) return null;
    return { error: exhausted(call, this), stoppedBy: 'budget' };
  }

  snapshot(): Record<string, unknown> {
    return { utilisation: this.utilisation };
  }
}

function exhausted(call: Call, { kind, runtime }: SharedBudget): UnbuiltError {
  const { attempts, records } = call.root;
  if (runtime.sink !== null) {
    const { dependency } = runtime;
    emit<RetryBudgetExhaustedEvent>(runtime, {
      type: 'retry-budget.exhausted',
      dependency,
      attempts,
    });
  }
  return new UnbuiltError(call, RetryBudgetExhaustedError, {
    policy: kind,
    reason: 'failed, and the retry budget is used up',
    stoppedBy: 'budget',
    cause: records?.at(-1)?.error,
  });
}

/** What one extra attempt was charged, and how many attempts had begun before it. */
class ChargedAttempt {
  readonly charge: Charge;
  readonly attemptsBefore: number;

  constructor(charge: Charge, attemptsBefore: number) {
    this.charge = charge;
    this.attemptsBefore = attemptsBefore;
  }
}
