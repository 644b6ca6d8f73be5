import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { handleAll, retry as cockatielRetry, timeout as cockatielTimeout } from 'cockatiel';
import { ConsecutiveBreaker, circuitBreaker, TimeoutStrategy, wrap } from 'cockatiel';
import { dependency, seededRandom } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import pRetry from 'p-retry';
import { shuffled } from '../measure.ts';
import { isOurs, type Job, type Samples, type Scenario } from '../scenario.ts';

const CONCURRENCY = 50;
const REQUESTS = 1500;
const ROUNDS = 15;
const WARM_ROUNDS = 3;

type Fetch = (url: string, init: { signal: AbortSignal }) => Promise<Response>;

export const fetchScenario: Scenario = {
  name: 'fetch',
  title: '`resilientFetch`, 50 requests at a time',
  metrics: { rps: 'requests/s', cpu: 'us of CPU a request', added: 'us added' },
  base: 'fetch',
  goals: [
    {
      name: 'requests per second, ratio to fetch',
      metric: 'rps',
      of: 'ours',
      per: 'fetch',
      bound: 0.9,
      atLeast: true,
    },
    { name: 'CPU added to a request, us', metric: 'added', of: 'ours', bound: 8 },
  ],
  notes: [
    "Over loopback to a server in another process; every request is given the caller's signal, ours delivers the attempt's to fetch.",
    'cockatiel is told not to abort on return, or the body could not be read.',
    'CPU is that of the client process, sockets included; what is added is the difference to fetch in the same round.',
  ],
  processes: 2,
  measure,
};

function candidates(): Readonly<Record<string, Fetch>> {
  const ours = resilientFetch(dependency('upstream', { protocol: 'http' }));
  const cockatiel = wrap(
    cockatielRetry(handleAll, { maxAttempts: 2 }),
    circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) }),
    cockatielTimeout(5000, { strategy: TimeoutStrategy.Cooperative, abortOnReturn: false }),
  );
  return {
    fetch: (url, init) => fetch(url, init),
    ours: (url, init) => ours(url, init),
    cockatiel: (url, init) =>
      cockatiel.execute(({ signal }) => fetch(url, { signal }), init.signal),
    'p-retry': (url, init) => pRetry(() => fetch(url, init), { retries: 2, signal: init.signal }),
  };
}

async function measure({ seed, oursOnly }: Job): Promise<Samples> {
  const server = fork(new URL('fetch-server.ts', import.meta.url), { execArgv: [] });
  try {
    return await inRounds(await urlOf(server), seed, oursOnly);
  } finally {
    server.kill();
  }
}

async function urlOf(server: ChildProcess): Promise<string> {
  const [port] = (await once(server, 'message')) as [number];
  return `http://127.0.0.1:${port}/`;
}

async function inRounds(url: string, seed: number, oursOnly: boolean): Promise<Samples> {
  const random = seededRandom(seed);
  const all = Object.entries(candidates()).filter(
    ([name]) => name === 'fetch' || isOurs(name) || !oursOnly,
  );
  const rps: Record<string, number[]> = Object.fromEntries(all.map(([name]) => [name, []]));
  const cpu: Record<string, number[]> = Object.fromEntries(all.map(([name]) => [name, []]));
  for (let round = -WARM_ROUNDS; round < ROUNDS; round++) {
    for (const [name, send] of shuffled(all, random)) {
      const figures = await burst(url, send);
      if (round < 0) continue;
      rps[name]!.push(figures.rps);
      cpu[name]!.push(figures.cpu);
    }
  }
  const added = Object.fromEntries(
    all.map(([name]) => [name, cpu[name]!.map((us, round) => us - cpu['fetch']![round]!)]),
  );
  return { rps, cpu, added };
}

/** So many requests, a few at a time. */
async function burst(url: string, send: Fetch): Promise<{ rps: number; cpu: number }> {
  const { signal } = new AbortController();
  let left = REQUESTS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await (await send(url, { signal })).text();
  };
  const before = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { rps: REQUESTS / seconds, cpu: (user + system) / REQUESTS };
}
