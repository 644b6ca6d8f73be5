import { formatDuration, unknownOption } from 'holdfast/spec';
import { checkFleet } from '../spec/fleet.ts';
import type { Fleet, Lane, Scenario } from '../spec/model.ts';
import type { Custom } from './custom.ts';
import { resultOf } from './figures.ts';
import { Recorder } from './recorder.ts';
import type { RunResult } from './result.ts';
import { MAX_SEED } from './seeds.ts';
import { lengthOf, timelineOf } from './timeline.ts';
import { isSteady, triggerOf, withoutTrigger } from './trigger.ts';
import { endOfJudging, judgeUsers, verdictOf } from './verdict.ts';
import { createWorld } from './world.ts';

/** Which run. */
export interface RunOptions extends Custom {
  /** The name of one of the fleet's scenarios. */
  readonly scenario: string;
  /** The name of one of the fleet's lanes. */
  readonly lane: string;
  /** The same seed, the same run, on any machine. A whole number from 0 to 4294967295. */
  readonly seed: number;
  /**
   * Events, calls or attempts, whichever are most, after which a run is cut; 300 million by default. What needs
   * more has most likely no bound somewhere: retries without a wait, a queue, or clients that never think.
   */
  readonly maxEvents?: number;
  /** Told the share of the run that is over, 0 to 1, about 200 times. */
  readonly onProgress?: (share: number) => void;
}

const OPTIONS: readonly (keyof RunOptions)[] = [
  'scenario',
  'lane',
  'seed',
  'servers',
  'clients',
  'maxEvents',
  'onProgress',
];

/** Some minutes of work for one core. */
const MAX_EVENTS = 300_000_000;

/** Events between two looks at how many calls and attempts there are: without a wait, many are one event. */
const LOOK = 1000;

/**
 * Runs one scenario in one lane with one seed, and judges it. Synchronous, and without real time.
 *
 * @throws TypeError for what is no fleet, and for an option that does not exist.
 * @throws RangeError for a seed that is none, for a scenario, a lane, a service or users that the fleet does not have,
 *   and for a run that does not end.
 * @throws whatever servers and clients of one's own throw.
 */
export function simulate(fleet: Fleet, options: RunOptions): RunResult {
  checkGiven(fleet, options);
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name as never));
  if (unknown !== undefined) throw new TypeError(unknownOption(unknown, 'simulate', OPTIONS));
  if (!Number.isInteger(options.seed) || options.seed < 0 || options.seed > MAX_SEED) {
    const range = `a whole number from 0 to ${MAX_SEED}`;
    throw new RangeError(`simulate.seed must be ${range}, got ${String(options.seed)}`);
  }
  const { maxEvents = MAX_EVENTS } = options;
  if (typeof maxEvents !== 'number' || !(maxEvents >= 1)) {
    throw new RangeError(`simulate.maxEvents must be at least 1, got ${String(maxEvents)}`);
  }
  const scenario = pick(fleet.scenarios, options.scenario, 'scenario');
  const lane = pick(fleet.lanes, options.lane, 'lane');
  const trigger = triggerOf(fleet, scenario);
  const { recorder, events } = record(fleet, scenario, lane, options, options.onProgress);
  let calm: Recorder | null = null;
  // Without progress: whoever watches has seen the run end.
  const undisturbed = (): Recorder =>
    (calm ??= record(fleet, withoutTrigger(fleet, scenario), lane, options).recorder);
  const isAsked = trigger?.kind === 'fault' && !isSteady(fleet, scenario);
  const until = isAsked ? endOfJudging(recorder, trigger, undisturbed) : Infinity;
  return resultOf({
    scenario,
    lane: options.lane,
    seed: options.seed,
    recorder,
    events,
    trigger,
    verdict: verdictOf(recorder, trigger, undisturbed, until),
    judgedUntil: until === Infinity ? null : until,
    recoveries: judgeUsers(recorder, trigger, until).map((judgement) => judgement.recovery),
  });
}

/** For those who write no types. */
function checkGiven(fleet: unknown, options: unknown): void {
  checkFleet(fleet, 'simulate');
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('simulate: the second argument must be { scenario, lane, seed }');
  }
}

function record(
  fleet: Fleet,
  scenario: Scenario,
  lane: Lane,
  { seed, servers, clients, maxEvents = MAX_EVENTS }: RunOptions,
  onProgress?: RunOptions['onProgress'],
): { recorder: Recorder; events: number } {
  const timeline = timelineOf(scenario);
  const recorder = new Recorder(fleet, timeline);
  const world = createWorld({ fleet, scenario, lane, seed, servers, clients, probe: recorder });
  for (let point = 0; point < timeline.points; point++) {
    const end = point * timeline.step + lengthOf(timeline, point);
    let stop: number;
    do {
      stop = Math.min(maxEvents, world.events + LOOK);
      world.run(end, stop);
      const done = Math.max(world.events, recorder.calls, recorder.attempts);
      if (done > maxEvents) throw endless(scenario, world.now, maxEvents);
    } while (world.events > stop);
    for (const edge of recorder.edges.keys()) recorder.sample(edge, world.stateOf(edge));
    onProgress?.((point + 1) / timeline.points);
  }
  recorder.finish();
  return { recorder, events: world.events };
}

function endless(scenario: Scenario, now: number, maxEvents: number): RangeError {
  const reached = `${formatDuration(now)} of its ${formatDuration(scenario.duration)}`;
  return new RangeError(
    `The scenario '${scenario.name}' was cut after ${maxEvents} events, calls or attempts, at ${reached}. ` +
      'Shorten its duration, lower its rates, or bound what grows: retries without a wait, queues, clients without think time.',
  );
}

function pick<V>(map: ReadonlyMap<string, V>, name: string, what: string): V {
  const value = map.get(name);
  if (value !== undefined) return value;
  const names = [...map.keys()];
  const known = names.length === 0 ? 'it has none' : `there are: ${names.join(', ')}`;
  throw new RangeError(`The spec has no ${what} '${name}'; ${known}`);
}
