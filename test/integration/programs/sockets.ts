/**
 * Makes many HTTP calls to a server that fails in every way, and prints what is left of them, as
 * JSON: `node --expose-gc sockets.ts <url> <calls>`.
 */
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { resilientFetch } from '../../../packages/holdfast/src/client/fetch/index.ts';
import { dependency } from '../../../packages/holdfast/src/index.ts';
import { bytesUsed, type Left, openResources } from './left.ts';
import { mixed } from './mix.ts';
import { nameOf } from './workload.ts';

/** Calls that are under way at any time. */
const CALLERS = 40;
/** Calls before the first measurement. */
const WARM_UP = 1000;
/** Turns of the event loop in which sockets have time to close. */
const TURNS = 1000;

const lasting = new AbortController().signal;
const shop = dependency('shop', {
  protocol: 'http',
  timeout: 40,
  retry: { backoff: { base: 0 }, budget: false },
  breaker: false,
});
const send = resilientFetch(shop, {
  bodyIdleTimeout: 20,
  contextHosts: ['127.0.0.1'],
  idempotencyKey: 'auto',
});
const [url, calls] = process.argv.slice(2);

async function read(path: string, init?: RequestInit): Promise<string> {
  const answer = await send(`${url}${path}`, { signal: lasting, ...init });
  await answer.text();
  return String(answer.status);
}

function post(path: string): Promise<string> {
  const body = new Blob(['an order']).stream();
  return read(path, { method: 'POST', body, duplex: 'half' } as RequestInit);
}

function leave(path: string): Promise<string> {
  const caller = new AbortController();
  setTimeout(() => caller.abort(new Error('aborted')), 5);
  return read(path, { signal: caller.signal });
}

/** A hundred requests, by what the server does with them. */
const REQUESTS = mixed<() => Promise<string>>([
  [80, () => read('/small')],
  [4, () => read('/large')],
  [3, () => read('/unavailable-first')],
  [2, () => post('/unavailable-first')],
  [1, () => read('/unavailable')],
  [2, () => read('/silent-first')],
  [3, () => read('/reset-first')],
  [1, () => read('/stuck')],
  [2, () => leave('/silent')],
  [2, () => leave('/stuck')],
]);

/** How many ended how. */
async function makeCalls(count: number): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  let started = 0;
  const caller = async (): Promise<void> => {
    while (started < count) {
      const how = await REQUESTS[started++ % REQUESTS.length]!().catch(nameOf);
      outcomes[how] = (outcomes[how] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return outcomes;
}

/** What keeps the process open, once it has had time to go. */
async function remaining(): Promise<string[]> {
  for (let left = TURNS; left > 0 && openResources().length > 0; left--) await turn();
  return openResources();
}

async function run(count: number): Promise<Left> {
  await makeCalls(WARM_UP);
  await remaining();
  const before = await bytesUsed();
  const outcomes = await makeCalls(count);
  const open = await remaining();
  const listeners = getEventListeners(lasting, 'abort').length;
  return { grown: (await bytesUsed()) - before, open, listeners, outcomes };
}

console.log(JSON.stringify(await run(Number(calls))));
