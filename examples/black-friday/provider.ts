/**
 * The payment provider: a few workers and a line before them, as most servers are. It does not
 * notice that a caller has given up, and works for it all the same. Who sends an Idempotency-Key is
 * charged once for it, however often they ask; who sends none is charged each time.
 *
 * slow: every charge takes 20 times as long. down: its database is gone, so nothing is worked on;
 * half of those who come are reset, half get a 503, and who was in line stays there.
 */
import { rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from 'holdfast';
import { type IdempotencyEvent, idempotency } from 'holdfast/idempotency';
import { idempotent } from 'holdfast/node-http';
import { phaseAt, PROVIDER } from './plan.ts';
import { every, type ProviderTask, sharedNow, takePart, tell } from './process.ts';
import { openStore } from './store.ts';

interface Job {
  readonly order: string;
  readonly response: ServerResponse;
}

const { plan, keys } = takePart<ProviderTask>(start);
const random = seededRandom(plan.seed).fork('provider');
const attempts = plan.phases.map(() => 0);
const line: Job[] = [];
const charged = new Set<string>();
let caught = 0;
let doubled = 0;
let busy = 0;
let startedAt = Infinity;

const { place, folder } = keys;
const { store } = await openStore(place);
// The conductor removes its folder, unless it was killed.
if (folder !== null) process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const engine = idempotency({ name: 'charges', store, retention: '1h', onEvent: count });
const once = idempotent(engine);

/** The handler: in line for the card to be charged. */
const charge = once((request, response) => {
  if (line.length === PROVIDER.line) {
    response.writeHead(503).end();
    return;
  }
  line.push({ order: request.url!, response });
  work();
});

const server = createServer((request, response) => {
  const phase = phaseNow();
  if (sharedNow() >= startedAt) attempts[phase]!++;
  if (plan.phases[phase]!.provider === 'down') {
    if (random.next() < 0.5) request.socket.resetAndDestroy();
    else response.writeHead(503).end();
  } else {
    void charge(request, response);
  }
});

server.listen(0, '127.0.0.1', () => {
  tell({ type: 'ready', port: (server.address() as AddressInfo).port });
});

function count(event: IdempotencyEvent): void {
  if (event.type !== 'idempotency.opened') return;
  if (event.how === 'replayed' || event.how === 'in-progress') caught++;
}

function start(at: number): void {
  startedAt = at;
  let begins = 0;
  for (const { length } of plan.phases) {
    workFrom(begins);
    begins += length;
  }
  every(() => ({ type: 'provider', attempts, caught, doubled }));
}

/** Whoever is in line is served from then on. A timer may go off a little early: asked again, it waits the rest. */
function workFrom(begins: number): void {
  const left = begins - (sharedNow() - startedAt);
  if (left > 0) setTimeout(workFrom, Math.ceil(left), begins);
  else work();
}

function phaseNow(): number {
  return phaseAt(plan, sharedNow() - startedAt);
}

/** Gives every free worker something to do. */
function work(): void {
  const { provider } = plan.phases[phaseNow()]!;
  if (provider === 'down') return;
  while (busy < PROVIDER.workers && line.length > 0) {
    busy++;
    const time = PROVIDER.serviceTime * (provider === 'slow' ? PROVIDER.slowness : 1);
    setTimeout(finish, time, line.shift()!);
  }
}

function finish({ order, response }: Job): void {
  busy--;
  if (charged.has(order)) doubled++;
  charged.add(order);
  response.writeHead(200).end();
  work();
}
