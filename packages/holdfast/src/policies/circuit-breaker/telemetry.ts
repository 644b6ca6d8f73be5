import type { MetricDescriptor } from '../../core/metrics.ts';
import type { RuntimeEvent } from '../../runtime/runtime.ts';
import type { CircuitState } from './state.ts';

/** A breaker has changed its state. */
export interface CircuitStateChangedEvent extends RuntimeEvent {
  readonly type: 'circuit-breaker.state-changed';
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** What the old state had counted. */
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** With `to: 'open'`: milliseconds until the first probe may go. */
  readonly retryAfter: number | undefined;
}

/** A call was refused. */
export interface CircuitRefusedEvent extends RuntimeEvent {
  readonly type: 'circuit-breaker.refused';
  readonly state: CircuitState;
}

export type CircuitBreakerEvent = CircuitStateChangedEvent | CircuitRefusedEvent;

/** The number that stands for a state in metrics. */
export const STATE_NUMBERS: Readonly<Record<CircuitState, number>> = {
  closed: 0,
  open: 1,
  'half-open': 2,
  isolated: 3,
};

export const circuitBreakerMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.circuit_breaker.state',
    instrument: 'gauge',
    unit: '1',
    what: 'The state: 0 closed, 1 open, 2 half-open, 3 isolated',
    attributes: ['dependency'],
    from: 'snapshot.stateNumber',
  },
  {
    name: 'holdfast.circuit_breaker.open_time',
    instrument: 'counter',
    unit: 's',
    what: 'Time spent open or isolated',
    attributes: ['dependency'],
    from: 'snapshot.openTime',
    scale: 0.001,
  },
  {
    name: 'holdfast.circuit_breaker.transitions',
    instrument: 'counter',
    unit: '{transition}',
    what: 'Changes of state',
    attributes: ['dependency', 'to'],
    from: 'circuit-breaker.state-changed',
  },
  {
    name: 'holdfast.circuit_breaker.refusals',
    instrument: 'counter',
    unit: '{call}',
    what: 'Calls that a breaker refused',
    attributes: ['dependency', 'state'],
    from: 'circuit-breaker.refused',
  },
];
