/**
 * The payment provider: a few workers and a line before them, as most servers are. It does not
 * notice that a caller has given up, and works for it all the same.
 *
 * slow: every charge takes 20 times as long. down: its database is gone, so nothing is worked on;
 * half of those who come are reset, half get a 503, and who was in line stays there.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from 'holdfast';
import { phaseAt, PROVIDER } from './plan.ts';
import { every, type ProviderTask, sharedNow, takePart, tell } from './process.ts';

interface Job {
  readonly order: string;
  readonly key: string | undefined;
  readonly response: ServerResponse;
}

const { plan } = takePart<ProviderTask>(start);
const random = seededRandom(plan.seed).fork('provider');
const attempts = plan.phases.map(() => 0);
const line: Job[] = [];
const keysSeen = new Set<string>();
const charged = new Set<string>();
let doubled = 0;
let busy = 0;
let startedAt = Infinity;

const server = createServer((request, response) => {
  const phase = phaseNow();
  if (sharedNow() >= startedAt) attempts[phase]!++;
  if (plan.phases[phase]!.provider === 'down') {
    if (random.next() < 0.5) request.socket.resetAndDestroy();
    else response.writeHead(503).end();
  } else if (line.length === PROVIDER.line) {
    response.writeHead(503).end();
  } else {
    const key = request.headers['idempotency-key'] as string | undefined;
    line.push({ order: request.url!, key, response });
    work();
  }
});

server.listen(0, '127.0.0.1', () => {
  tell({ type: 'ready', port: (server.address() as AddressInfo).port });
});

function start(at: number): void {
  startedAt = at;
  let begins = 0;
  for (const { length } of plan.phases) {
    workFrom(begins);
    begins += length;
  }
  every(() => ({ type: 'provider', attempts, doubled }));
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
    const job = line.shift()!;
    if (job.key !== undefined && keysSeen.has(job.key)) {
      job.response.writeHead(200).end();
      continue;
    }
    busy++;
    const time = PROVIDER.serviceTime * (provider === 'slow' ? PROVIDER.slowness : 1);
    setTimeout(finish, time, job);
  }
}

function finish({ order, key, response }: Job): void {
  busy--;
  if (key === undefined || !keysSeen.has(key)) {
    if (charged.has(order)) doubled++;
    charged.add(order);
  }
  if (key !== undefined) keysSeen.add(key);
  response.writeHead(200).end();
  work();
}
