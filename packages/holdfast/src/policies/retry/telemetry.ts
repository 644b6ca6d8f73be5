import type { MetricDescriptor } from '../../core/metrics.ts';
import type { StoppedBy, Verdict } from '../../core/outcome.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';

/** A further attempt will be made. */
export interface RetryScheduledEvent extends RuntimeEvent {
  readonly type: 'retry.scheduled';
  /** The attempt that failed. */
  readonly attempt: number;
  readonly verdict: Verdict;
  /** Milliseconds until the next attempt. */
  readonly wait: number;
}

/** The last attempt failed, and no further one will be made. */
export interface RetryStoppedEvent extends RuntimeEvent {
  readonly type: 'retry.stopped';
  readonly attempts: number;
  readonly verdict: Verdict;
  readonly stoppedBy: StoppedBy;
}

export type RetryEvent = RetryScheduledEvent | RetryStoppedEvent;

export const retryMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.retries',
    instrument: 'counter',
    unit: '{attempt}',
    what: 'Further attempts that were decided on',
    attributes: ['dependency', 'verdict'],
    from: 'retry.scheduled',
  },
  {
    name: 'holdfast.retry.wait',
    instrument: 'histogram',
    unit: 's',
    what: 'Waits before further attempts',
    attributes: ['dependency'],
    from: 'retry.scheduled',
    value: 'wait',
    scale: 0.001,
  },
  {
    name: 'holdfast.retry.stops',
    instrument: 'counter',
    unit: '{call}',
    what: 'Calls that failed for good, by why no further attempt was made',
    attributes: ['dependency', 'stoppedBy'],
    from: 'retry.stopped',
  },
];
