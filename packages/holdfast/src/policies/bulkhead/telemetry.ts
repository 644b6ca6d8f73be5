import type { MetricDescriptor } from '../../core/metrics.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';

/** A call was refused: no slot, no place in the queue, or no time to wait for one. */
export interface BulkheadRefusedEvent extends RuntimeEvent {
  readonly type: 'bulkhead.refused';
  /** `full`: no place; `displaced`: its place was needed for a more important call; `too-late`: its deadline could not be met. */
  readonly why: 'full' | 'displaced' | 'too-late';
  readonly criticality: string;
}

/**
 * An attempt was abandoned while its operation ran. An operation that heeds its signal is over soon;
 * where the number stays or grows, operations ignore theirs.
 */
export interface BulkheadZombieEvent extends RuntimeEvent {
  readonly type: 'bulkhead.zombie';
  /** How many such operations there are now. */
  readonly zombies: number;
}

export type BulkheadEvent = BulkheadRefusedEvent | BulkheadZombieEvent;

export const bulkheadMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.bulkhead.in_flight',
    instrument: 'gauge',
    unit: '{attempt}',
    what: 'Attempts that run now',
    attributes: ['dependency'],
    from: 'snapshot.inFlight',
  },
  {
    name: 'holdfast.bulkhead.queued',
    instrument: 'gauge',
    unit: '{call}',
    what: 'Calls that wait for a slot',
    attributes: ['dependency'],
    from: 'snapshot.queued',
  },
  {
    name: 'holdfast.bulkhead.zombies',
    instrument: 'gauge',
    unit: '{attempt}',
    what: 'Operations that go on although they were abandoned',
    attributes: ['dependency'],
    from: 'snapshot.zombies',
  },
  {
    name: 'holdfast.bulkhead.refusals',
    instrument: 'counter',
    unit: '{call}',
    what: 'Calls that a bulkhead refused',
    attributes: ['dependency', 'why', 'criticality'],
    from: 'bulkhead.refused',
  },
];
