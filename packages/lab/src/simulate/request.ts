import type { Attempt, Judgement, Settled, TimerNode } from 'holdfast';
import { CRITICALITIES, settleAttempt } from 'holdfast/spec';
import { answers } from './answers.ts';
import { NO_KEY } from './cache.ts';
import type { Caller, OutboundCall } from './client.ts';
import type { Replica } from './replica.ts';
import type { StageCall } from './service.ts';

/**
 * One attempt as the service sees it: it waits, is worked on, and makes its calls, stage after
 * stage. As a timer node, it is the moment when the service's own work on it is done.
 */
export class Request implements TimerNode, Caller {
  // Fields of its own: made for every attempt, it must not pay for a base class's constructor.
  timerOwner: TimerNode['timerOwner'] = null;
  timerPrevious: TimerNode | null = null;
  timerNext: TimerNode | null = null;
  timerStart: number | null = null;
  readonly call: OutboundCall;
  attempt: Attempt;
  /** Nobody on its way here, back to the users, has tried twice. */
  first: boolean;
  /** Its neighbours where it waits or is worked on. */
  previous: Request | null = null;
  next: Request | null = null;
  /** Where it is being served; null before, and after. */
  replica: Replica | null = null;
  /** When work on it began; null while it waits. */
  startedAt: number | null = null;
  /** Its place in the cache, which is filled when it is answered; `NO_KEY` if it has none. */
  cacheKey: number = NO_KEY;
  /** What its caller gets, if it gets a value. */
  value: unknown = true;
  #stage = 0;
  /** Calls of the stage that are not answered. */
  #open = 0;
  /** How it hears that its caller has given up. */
  #onAbort: (() => void) | null = null;

  constructor(call: OutboundCall, attempt: Attempt, first: boolean) {
    this.call = call;
    this.attempt = attempt;
    this.first = first;
  }

  /** Is another attempt from now on, after one that was answered with a value. */
  renew(attempt: Attempt, first: boolean): void {
    this.attempt = attempt;
    this.first = first;
    this.startedAt = null;
    this.cacheKey = NO_KEY;
    this.#stage = 0;
  }

  /** The place of its criticality among all, most important first. */
  get rank(): number {
    return CRITICALITIES.indexOf(this.attempt.criticality);
  }

  /** It ends when its caller gives up, and so do its calls. */
  get cancels(): boolean {
    return this.#onAbort !== null;
  }

  /** Milliseconds until its deadline, as this service's clock has it. */
  remaining(): number {
    return this.attempt.remaining() - this.call.group.target.conditions.skew;
  }

  /** Ends when its caller gives up, from now on. */
  heedAbort(): void {
    this.#onAbort = () => this.replica?.cancel(this);
    this.attempt.signal.addEventListener('abort', this.#onAbort);
  }

  /** Goes on when its caller gives up, and so do its calls. */
  goOn(): void {
    if (this.#onAbort === null) return;
    this.attempt.signal.removeEventListener('abort', this.#onAbort);
    this.#onAbort = null;
  }

  /** The service's own work is done. */
  expire(): void {
    this.replica!.worked(this);
  }

  /** Makes the calls that remain, and then answers. */
  proceed(): void {
    for (let { replica } = this; replica !== null; replica = this.replica) {
      const stage = replica.service.stages[this.#stage++];
      if (stage === undefined) {
        replica.finish(this, null);
        return;
      }
      // Answers may come while calls are still being made.
      this.#open = 1;
      for (const call of stage) this.#makeCalls(call, replica);
      if (--this.#open > 0) return;
    }
  }

  answered(call: OutboundCall, { ok }: Settled): void {
    if (this.replica === null) return;
    if (!ok && !call.edge.optional) this.replica.finish(this, answers.transient);
    else if (--this.#open === 0) this.proceed();
  }

  #makeCalls({ times, place, slot }: StageCall, replica: Replica): void {
    const count = replica.timesOf(times);
    const group = replica.service.groups[slot]!;
    // Also when the first has failed already: those of one stage are under way by then.
    for (let i = 0; i < count; i++) {
      this.#open++;
      group.startFor(this, replica.clients[slot]!, this.call.intent.part(place + i));
    }
  }

  /** Tells its caller: the value, or what there is instead of one. */
  answer(instead: Judgement | null): void {
    this.goOn();
    settleAttempt(this.attempt, instead === null, instead ?? this.value);
  }
}
