import type { MetricDescriptor } from '../../core/metrics.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';

/** An attempt, or the calls inside a timeout further out, ran out of time. */
export interface TimeoutExpiredEvent extends RuntimeEvent {
  readonly type: 'timeout.expired';
  /** The attempt that was cut; 0 when none had started. */
  readonly attempt: number;
  /** The limit, in milliseconds. */
  readonly after: number;
}

export type TimeoutEvent = TimeoutExpiredEvent;

export const timeoutMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.attempt.timeouts',
    instrument: 'counter',
    unit: '{attempt}',
    what: 'Attempts that ran out of time',
    attributes: ['dependency'],
    from: 'timeout.expired',
  },
];
