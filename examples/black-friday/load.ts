/**
 * The shoppers: an open loop. Each one comes when the plan says, whether or not those before have
 * been answered, and latency is measured from that moment. So a stall is seen by everybody it
 * would have hurt.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { percentile } from './measure.ts';
import { arrivalsOf, LANES, type LaneName, lengthOf, limits } from './plan.ts';
import { type LoadTask, type Sample, sharedNow, takePart, tell } from './process.ts';

const { plan, shops } = takePart<LoadTask>(start);
const arrivals = arrivalsOf(plan);
/** In the names of this run's orders, since the store may remember those of the last. */
const orders = randomUUID();
const agent = new Agent({ keepAlive: true });
const lateness: number[] = [];
const waiting: Record<LaneName, Set<number>> = { naive: new Set(), holdfast: new Set() };
const settled: Record<LaneName, Sample[]> = { naive: [], holdfast: [] };
let startedAt = 0;
let next = 0;

const now = (): number => sharedNow() - startedAt;

await warmUp();
tell({ type: 'ready', port: 0 });

function start(at: number): void {
  startedAt = at;
  setInterval(flush, 100);
  sendDue();
}

function sendDue(): void {
  while (next < arrivals.length && arrivals[next]! <= now()) {
    lateness.push(now() - arrivals[next]!);
    for (const lane of LANES) void checkout(lane, next);
    next++;
  }
  if (next < arrivals.length) setTimeout(sendDue, Math.max(0, arrivals[next]! - now()));
}

/** The first requests of a process load and compile what the others find ready; they are not counted. */
async function warmUp(): Promise<void> {
  for (let round = 0; round < 15; round++) {
    const calls = LANES.flatMap((lane) => Array.from({ length: 8 }, (_, i) => [lane, i] as const));
    await Promise.all(calls.map(([lane, i]) => pay(lane, `warm-up-${round}-${i}`)));
  }
}

async function checkout(lane: LaneName, shopper: number): Promise<void> {
  waiting[lane].add(shopper);
  settle(lane, shopper, await pay(lane, `order-${shopper}`));
}

/** Whether the shop took the order. */
function pay(lane: LaneName, order: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const call = request(
    `${shops[lane]}/checkout/${orders}-${lane}-${order}`,
    { method: 'POST', agent },
    (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    },
  );
  call.on('error', () => resolve(false)).end();
  return promise;
}

function settle(lane: LaneName, shopper: number, paid: boolean): void {
  if (!waiting[lane].delete(shopper)) return;
  const scheduled = arrivals[shopper]!;
  settled[lane].push([scheduled, now() - scheduled, paid]);
}

/** Reports what was answered; after the last shopper's patience, the others have not been. */
function flush(): void {
  const left = LANES.reduce((sum, lane) => sum + waiting[lane].size, 0);
  const isOver = next === arrivals.length && now() > lengthOf(plan);
  const isFinished = isOver && (left === 0 || now() > lengthOf(plan) + limits(plan).call);
  for (const lane of LANES) {
    if (isFinished) for (const shopper of waiting[lane]) settle(lane, shopper, false);
    tell({ type: 'samples', lane, samples: settled[lane] });
    settled[lane] = [];
  }
  if (isFinished) tell({ type: 'finished', lateness: percentile(lateness, 0.99) });
}
