import type { Criticality, Verdict } from 'holdfast';

/** What a repeated request did: `duplicate` its effect a second time, `recognised` nothing, since its key was known. */
export type Repeat = 'none' | 'duplicate' | 'recognised';

/**
 * What a world tells while it runs, in the order of its time. Whoever measures implements this; the
 * world does not count. `now` is virtual milliseconds from the start of the run.
 */
export interface Probe {
  /** One of the users sends a request. */
  userArrived(users: string, now: number): void;
  /** It is answered; `good` is an answer that is correct and within the users' patience. */
  userAnswered(users: string, now: number, arrivedAt: number, good: boolean): void;

  /** A request reaches a service. `first`: nobody on its way here, back to the users, has retried. */
  requestArrived(service: string, now: number, first: boolean): void;
  /**
   * It was turned away, dropped, or lost: it will not be answered by work. `wasted`: milliseconds that
   * it was worked on until its caller gave up.
   */
  requestRejected(service: string, now: number, criticality: Criticality, wasted: number): void;
  /** Its work is done. `wasted`: its caller had given up. `repeat`: whether it was asked for before. */
  requestServed(
    service: string,
    now: number,
    worked: number,
    wasted: boolean,
    repeat: Repeat,
  ): void;
  /** How many wait and how many are worked on, in all replicas, from now on. */
  loadChanged(service: string, now: number, waiting: number, busy: number): void;

  callStarted(edge: string, now: number): void;
  attemptStarted(edge: string, now: number, attempt: number): void;
  attemptEnded(edge: string, now: number, duration: number, verdict: Verdict): void;
  /** `attempts` is 0 for a call that was refused without one. */
  callEnded(edge: string, now: number, startedAt: number, ok: boolean, attempts: number): void;
}

/** The state of an edge's clients at one moment. */
export interface EdgeState {
  /** Share of their breakers that are not closed; null without breakers. */
  readonly open: number | null;
  /** Mean utilisation of their retry budgets; null without. */
  readonly budget: number | null;
  /** Calls in their bulkheads, waiting ones included. */
  readonly inFlight: number;
}
