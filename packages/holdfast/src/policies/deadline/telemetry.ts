import type { MetricDescriptor } from '../../core/metrics.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';

/** A call ran out of time as a whole. */
export interface DeadlineExceededEvent extends RuntimeEvent {
  readonly type: 'deadline.exceeded';
  /** Attempts that had been started. */
  readonly attempts: number;
}

export type DeadlineEvent = DeadlineExceededEvent;

export const deadlineMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.deadlines.exceeded',
    instrument: 'counter',
    unit: '{call}',
    what: 'Calls that ran out of time as a whole',
    attributes: ['dependency'],
    from: 'deadline.exceeded',
  },
];
