import type { DependencyData } from 'holdfast/spec';
import type { Fleet, Scenario } from '../spec/model.ts';
import type { EdgeState, Probe } from './probe.ts';

/** What to run. */
export interface WorldOptions {
  readonly fleet: Fleet;
  readonly scenario: Scenario;
  /** Laid over the options of every edge; `{}` for the fleet as it is. */
  readonly lane: DependencyData;
  readonly seed: number;
  readonly probe: Probe;
}

/** A fleet in virtual time, with its users and its faults. Its clients are Holdfast's own. */
export interface World {
  /** Virtual milliseconds since the start. */
  readonly now: number;
  /** Events that have happened, a measure of the work done. */
  readonly events: number;
  /** Lets everything happen that is due by `until`, and moves the time there. */
  run(until: number): void;
  /** By the edge's id. */
  stateOf(edge: string): EdgeState;
}
