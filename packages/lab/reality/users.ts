/**
 * The process of users, an open loop: each comes when the spec says, whether or not those before have
 * been answered, and is timed from that moment. So a stall is seen by everybody it would have hurt.
 */
import { seededRandom } from 'holdfast';
import { openArrivals } from '../src/simulate/arrivals.ts';
import { Histogram } from '../src/simulate/histogram.ts';
import { phaseAt, timelineOf } from '../src/simulate/timeline.ts';
import { loadFleet } from '../src/spec/load.ts';
import { dependenciesOf, Outbound } from './outbound.ts';
import { finish, ready, RunTime, takePart, type Told, watchLoop } from './part.ts';
import { arrivalsOf } from './staging.ts';

const { file, scenario: scenarioName, seed, name } = takePart();
const { fleet } = await loadFleet(file);
const { edge, patience } = fleet.users.get(name)!;
const scenario = fleet.scenarios.get(scenarioName)!;
const timeline = timelineOf(scenario);
// The simulator's own label: the same seed, the same arrivals.
const random = seededRandom(seed).fork(`users ${name}`);
const nextArrival = openArrivals(arrivalsOf(fleet, scenario, name), random, scenario.duration);

const { at, origins } = await ready(null);
const time = new RunTime(at);
const told: Told[] = [];
const client = new Outbound(edge, { dependencies: dependenciesOf(fleet), origins, time, told });
const lateness = [0, ...timeline.phases].map(() => new Histogram());
void come();
const loopDelays = await watchLoop(time, timeline);
finish({
  told,
  loopDelays,
  lateness: lateness.slice(1).map((each) => each.percentile(0.99) ?? 0),
});

async function come(): Promise<void> {
  for (let due = nextArrival(); due < Infinity; due = nextArrival()) {
    await time.until(due);
    lateness[phaseAt(timeline, due)]!.add(time.now() - due);
    void visit(due);
  }
}

async function visit(arrivedAt: number): Promise<void> {
  told.push(['userArrived', name, arrivedAt]);
  const ok = await client.call(Infinity);
  const now = time.now();
  told.push(['userAnswered', name, now, arrivedAt, ok && now - arrivedAt <= patience]);
}
