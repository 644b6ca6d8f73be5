/** The process of one replica: it serves over HTTP, and what is to happen to it happens in time. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { seededRandom } from 'holdfast';
import { timelineOf } from '../src/simulate/timeline.ts';
import { loadFleet } from '../src/spec/load.ts';
import type { Fault } from '../src/spec/model.ts';
import { dependenciesOf, Outbound, type Surroundings } from './outbound.ts';
import { finish, ready, RunTime, takePart, type Told, watchLoop } from './part.ts';
import { Server } from './server.ts';

const { file, scenario: scenarioName, seed, name, replica } = takePart();
const { fleet } = await loadFleet(file);
const service = fleet.services.get(name)!;
const scenario = fleet.scenarios.get(scenarioName)!;
const http = createServer();
await listen(0);

const { port } = http.address() as AddressInfo;
const { at, origins } = await ready(port);
const time = new RunTime(at);
const told: Told[] = [];
const around: Surroundings = { dependencies: dependenciesOf(fleet), origins, time, told };
const stages = service.stages.map((edges) => edges.map((edge) => new Outbound(edge, around)));
const random = seededRandom(seed).fork(`service ${name}`).fork(`replica ${replica}`);
const server = new Server({ service, replica, time, random, stages });
http.on('request', (request, response) => server.receive(request, response));
for (const fault of scenario.faults) {
  // Which one cannot be staged here is said by who is to stage it.
  if (fault.kind === 'partition' || fault.on === name) void happen(fault);
}
finish({ told, loopDelays: await watchLoop(time, timelineOf(scenario)), lateness: [] });

async function happen(fault: Fault): Promise<void> {
  const refuses = fault.kind === 'outage' && fault.how === 'refuse';
  await time.until(fault.from);
  const undo = server.begin(fault);
  // Who is connected is still answered.
  if (refuses) http.close();
  await time.until(Math.min(fault.to, scenario.duration));
  undo();
  if (refuses) await listen(port);
}

async function listen(on: number): Promise<void> {
  http.listen(on, '127.0.0.1');
  await once(http, 'listening');
}
