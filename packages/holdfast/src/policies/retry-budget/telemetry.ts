import type { MetricDescriptor } from '../../core/metrics.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';

/** An extra attempt was due, and the budget refused it. */
export interface RetryBudgetExhaustedEvent extends RuntimeEvent {
  readonly type: 'retry-budget.exhausted';
  /** Attempts that the call had made. */
  readonly attempts: number;
}

export type RetryBudgetEvent = RetryBudgetExhaustedEvent;

export const retryBudgetMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.retry_budget.utilisation',
    instrument: 'gauge',
    unit: '1',
    what: 'The share of the retry budget that is used up',
    attributes: ['dependency'],
    from: 'snapshot.utilisation',
  },
  {
    name: 'holdfast.retry_budget.refusals',
    instrument: 'counter',
    unit: '{attempt}',
    what: 'Extra attempts that the budget refused',
    attributes: ['dependency'],
    from: 'retry-budget.exhausted',
  },
];
