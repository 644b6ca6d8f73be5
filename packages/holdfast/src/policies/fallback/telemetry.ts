import type { MetricDescriptor } from '../../core/metrics.ts';
import type { StoppedBy, Verdict } from '../../core/outcome.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';

/** A fallback answered. */
export interface FallbackUsedEvent extends RuntimeEvent {
  readonly type: 'fallback.used';
  readonly source: 'stale' | 'value' | 'run';
  /** Why it was needed. */
  readonly verdict: Verdict;
  readonly stoppedBy: StoppedBy | null;
}

/** A fallback threw or took too long; the caller got the call's own outcome. */
export interface FallbackFailedEvent extends RuntimeEvent {
  readonly type: 'fallback.failed';
  readonly why: 'error' | 'timeout';
}

export type FallbackEvent = FallbackUsedEvent | FallbackFailedEvent;

export const fallbackMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.fallbacks',
    instrument: 'counter',
    unit: '{call}',
    what: 'Calls that a fallback answered',
    attributes: ['dependency', 'source'],
    from: 'fallback.used',
  },
  {
    name: 'holdfast.fallback.failures',
    instrument: 'counter',
    unit: '{call}',
    what: 'Fallbacks that failed',
    attributes: ['dependency', 'why'],
    from: 'fallback.failed',
  },
];
