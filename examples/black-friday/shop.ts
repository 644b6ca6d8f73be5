/** The shop: every checkout charges the payment provider, in the way of its lane. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { faster } from './faster.ts';
import { holdfastLane } from './lanes/holdfast.ts';
import { naiveLane } from './lanes/naive.ts';
import { limits } from './plan.ts';
import { every, type ShopTask, takePart, tell } from './process.ts';

const { plan, lane, provider } = takePart<ShopTask>(() => {
  every(() => ({ type: 'shop', inFlight, breaker: breakerState() }));
});
const { charge, breakerState } = lane === 'naive' ? naive() : holdfast();
let inFlight = 0;

const server = createServer(async (request, response) => {
  const order = request.url!.slice('/checkout/'.length);
  inFlight++;
  try {
    const { status } = await charge(`${provider}/charges/${order}`, order);
    response.writeHead(status).end();
  } catch {
    response.writeHead(503).end();
  } finally {
    inFlight--;
  }
});

server.listen(0, '127.0.0.1', () => {
  tell({ type: 'ready', port: (server.address() as AddressInfo).port });
});

function naive() {
  return { ...naiveLane(limits(plan).attempt), breakerState: () => 'none' };
}

function holdfast() {
  const { charge: guarded, payments } = holdfastLane(faster(plan.speedup));
  return { charge: guarded, breakerState: () => payments.breaker!.state as string };
}
