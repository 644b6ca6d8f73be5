import type { Criticality } from 'holdfast';
import type { Probe, Repeat } from '../../src/simulate/probe.ts';
import { createWorld, type World } from '../../src/simulate/world.ts';
import { fleetOf } from '../../src/spec/fleet.ts';

/** An edge's policy in which every call is one attempt, however long it takes. */
export const BARE = {
  retry: false,
  timeout: false,
  deadline: false,
  breaker: false,
  bulkhead: false,
} as const;

/** A probe that hears nothing; each law overrides what it measures. */
export class DeafProbe implements Probe {
  userArrived(_users: string, _now: number): void {}
  userAnswered(_users: string, _now: number, _arrivedAt: number, _good: boolean): void {}
  requestArrived(_service: string, _now: number, _first: boolean): void {}
  requestRejected(_service: string, _now: number, _criticality: Criticality): void {}
  requestServed(
    _service: string,
    _now: number,
    _worked: number,
    _wasted: boolean,
    _repeat: Repeat,
  ): void {}
  loadChanged(_service: string, _now: number, _waiting: number, _busy: number): void {}
  callStarted(_edge: string, _now: number): void {}
  attemptStarted(_edge: string, _now: number, _attempt: number): void {}
  attemptEnded(_edge: string, _now: number, _duration: number): void {}
  callEnded(
    _edge: string,
    _now: number,
    _startedAt: number,
    _ok: boolean,
    _attempts: number,
  ): void {}
}

/**
 * A world of a spec, in which the one scenario runs in the one lane of Holdfast.
 *
 * @param spec services and users, as a spec's file has them.
 * @param duration of the scenario, in milliseconds.
 * @param faults of the scenario, as a spec's file has them.
 */
export function worldOf(
  spec: Readonly<Record<string, unknown>>,
  duration: number,
  seed: number,
  probe: Probe,
  faults: readonly unknown[] = [],
): World {
  const fleet = fleetOf({ ...spec, scenarios: { run: { duration, faults } } });
  const [scenario, lane] = [fleet.scenarios.get('run')!, fleet.lanes.get('holdfast')!];
  return createWorld({ fleet, scenario, lane, seed, probe });
}
