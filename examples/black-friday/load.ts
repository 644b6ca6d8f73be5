/**
 * The shoppers: an open loop. Each one comes when the plan says, whether or not those before have
 * been answered, and latency is measured from that moment. So a stall is seen by everybody it
 * would have hurt.
 */
import { Agent, request } from 'node:http';
import { arrivalsOf, LANES, type LaneName, lengthOf, limits } from './plan.ts';

import { percentile } from './measure.ts';
import { type LoadTask, type Sample, sharedNow, takePart, tell } from './process.ts';

const { plan, shops } = takePart<LoadTask>(start);
const arrivals = arrivalsOf(plan);
const agent = new Agent({ keepAlive: true });
const lateness: number[] = [];
const waiting: Record<LaneName, Set<number>> = { naive: new Set(), holdfast: new Set() };
const settled: Record<LaneName, Sample[]> = { naive: [], holdfast: [] };
let startedAt = 0;
let next = 0;

tell({ type: 'ready', port: 0 });

const now = (): number => sharedNow() - startedAt;

function start(at: number): void {
  startedAt = at;
  setInterval(flush, 100);
  sendDue();
}

function sendDue(): void {
  while (next < arrivals.length && arrivals[next]! <= now()) {
    lateness.push(now() - arrivals[next]!);
    for (const lane of LANES) checkout(lane, next);
    next++;
  }
  if (next < arrivals.length) setTimeout(sendDue, Math.max(0, arrivals[next]! - now()));
}

function checkout(lane: LaneName, shopper: number): void {
  waiting[lane].add(shopper);
  const path = `/checkout/order-${shopper}`;
  const call = request(shops[lane] + path, { method: 'POST', agent }, (response) => {
    response.resume().on('end', () => settle(lane, shopper, response.statusCode === 200));
  });
  call.on('error', () => settle(lane, shopper, false)).end();
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
