import { resultOf } from '../src/simulate/figures.ts';
import type { Probe } from '../src/simulate/probe.ts';
import { Recorder } from '../src/simulate/recorder.ts';
import type { RunResult } from '../src/simulate/result.ts';
import { timelineOf } from '../src/simulate/timeline.ts';
import { triggerOf } from '../src/simulate/trigger.ts';
import { judgeUsers, verdictOf } from '../src/simulate/verdict.ts';
import type { Fleet, Scenario } from '../src/spec/model.ts';
import type { Told } from './part.ts';

/** What was run for real. */
export interface Recording {
  readonly fleet: Fleet;
  readonly scenario: Scenario;
  readonly seed: number;
  /** By all processes, in any order. */
  readonly told: readonly Told[];
}

/**
 * What a real run came to, counted and judged by what counts and judges virtual ones. Of users and
 * edges: nobody tells what happens inside of services.
 */
export function resultOfRecording({ fleet, scenario, seed, told }: Recording): RunResult {
  const recorder = new Recorder(fleet, timelineOf(scenario));
  // Nothing happens in the simulator after the end either.
  const inTime = told.filter(([, , now]) => now <= scenario.duration);
  for (const [method, ...given] of inTime.toSorted((a, b) => a[2] - b[2])) {
    (recorder[method] as (...args: Parameters<Probe[typeof method]>) => void)(...given);
  }
  recorder.finish();
  const trigger = triggerOf(fleet, scenario);
  return resultOf({
    scenario,
    lane: 'real',
    seed,
    recorder,
    events: told.length,
    trigger,
    verdict: verdictOf(recorder, trigger, () => {
      throw new Error('a scenario this long is not staged: see `stageable`');
    }),
    // A run without the faults, which would tell, is not staged.
    judgedUntil: null,
    recoveries: judgeUsers(recorder, trigger).map(({ recovery }) => recovery),
  });
}
