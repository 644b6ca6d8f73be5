import type { MetricDescriptor } from '../core/metrics.ts';
import type { RuntimeEvent } from '../runtime/runtime.ts';

/**
 * The body of an answer failed while it was being read, after the call had ended well with the
 * headers. There is no such event when the caller aborts or cancels.
 */
export interface BodyFailedEvent extends RuntimeEvent {
  readonly type: 'fetch.body-failed';
  /** `timeout`: the body brought nothing for too long; `error`: it broke off. */
  readonly why: 'timeout' | 'error';
}

/** What `resilientFetch` tells, beside the events of its dependency. */
export type FetchEvent = BodyFailedEvent;

export const fetchMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.fetch.body_failures',
    instrument: 'counter',
    unit: '{response}',
    what: 'Answers whose body failed while it was being read',
    attributes: ['dependency', 'why'],
    from: 'fetch.body-failed',
  },
];
