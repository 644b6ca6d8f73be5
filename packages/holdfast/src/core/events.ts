import type { Runtime, RuntimeEvent } from '../runtime/runtime.ts';
import { disregard } from './edge.ts';
import type { MetricDescriptor } from './metrics.ts';
import type { StoppedBy, Verdict } from './outcome.ts';

/** An attempt ended. */
export interface AttemptSettledEvent extends RuntimeEvent {
  readonly type: 'attempt.settled';
  /** 1 for the first. */
  readonly attempt: number;
  readonly verdict: Verdict;
  /** Milliseconds that it ran. */
  readonly duration: number;
}

/** A call ended, however it did. */
export interface CallSettledEvent extends RuntimeEvent {
  readonly type: 'call.settled';
  /** Whether the caller got a value. */
  readonly ok: boolean;
  /** What the last attempt meant. */
  readonly verdict: Verdict;
  /** How many attempts were started. */
  readonly attempts: number;
  /** Milliseconds from the call's start to its end: attempts, waits and queues. */
  readonly elapsed: number;
  /** Why no further attempt was made; null after a success. */
  readonly stoppedBy: StoppedBy | null;
}

/** An operation settled a second time; the first outcome stands. */
export interface SettledTwiceEvent extends RuntimeEvent {
  readonly type: 'attempt.settled-twice';
  readonly attempt: number;
}

/** What the engine itself tells. */
export type EngineEvent = AttemptSettledEvent | CallSettledEvent | SettledTwiceEvent;

/** The engine's part of `metrics`. An attempt's number has no bound, so it is no attribute. */
export const engineMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.calls',
    instrument: 'counter',
    unit: '{call}',
    what: 'Calls that ended: whether with a value, what the last attempt meant, and why there was no further one',
    attributes: ['dependency', 'ok', 'verdict', 'stoppedBy'],
    from: 'call.settled',
  },
  {
    name: 'holdfast.call.duration',
    instrument: 'histogram',
    unit: 's',
    what: 'Time of a call: its attempts, waits and queues',
    attributes: ['dependency', 'ok'],
    from: 'call.settled',
    value: 'elapsed',
    scale: 0.001,
  },
  {
    name: 'holdfast.call.attempts',
    instrument: 'histogram',
    unit: '{attempt}',
    what: 'Attempts of a call',
    attributes: ['dependency', 'ok'],
    from: 'call.settled',
    value: 'attempts',
  },
  {
    name: 'holdfast.attempt.duration',
    instrument: 'histogram',
    unit: 's',
    what: 'Time of an attempt; as many as there were attempts',
    attributes: ['dependency', 'verdict'],
    from: 'attempt.settled',
    value: 'duration',
    scale: 0.001,
  },
];

/**
 * Hands an event to the runtime's sink. Ask `runtime.sink !== null` first, so that without a
 * listener not even the event is built. A sink that throws must not break the call it watches.
 */
export function emit<E extends RuntimeEvent>(runtime: Runtime, event: E): void {
  try {
    disregard(runtime.sink?.(event));
  } catch {
    // Telemetry is never worth a call.
  }
}

/** One sink that tells both; null if both are null. */
export function bothSinks(first: Runtime['sink'], second: Runtime['sink']): Runtime['sink'] {
  if (first === null || second === null) return first ?? second;
  return (event) => {
    try {
      disregard(first(event));
    } finally {
      disregard(second(event));
    }
  };
}

/** Tells of an attempt that ended after so many milliseconds. */
export function tellOfAttempt(
  runtime: Runtime,
  attempt: number,
  verdict: Verdict,
  duration: number,
): void {
  const { dependency } = runtime;
  emit(runtime, { type: 'attempt.settled', dependency, attempt, verdict, duration });
}

type Ended = Pick<CallSettledEvent, 'ok' | 'verdict' | 'attempts' | 'stoppedBy'>;

/** Tells of a call that ended just now. */
export function tellOfCall(runtime: Runtime, ended: Ended, startedAt: number): void {
  const { ok, verdict, attempts, stoppedBy } = ended;
  const { dependency, clock } = runtime;
  const elapsed = clock.now() - startedAt;
  emit(runtime, { type: 'call.settled', dependency, ok, verdict, attempts, elapsed, stoppedBy });
}
