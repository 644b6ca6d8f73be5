import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { handleAll, retry as cockatielRetry, timeout as cockatielTimeout } from 'cockatiel';
import { ConsecutiveBreaker, circuitBreaker, TimeoutStrategy, wrap } from 'cockatiel';
import { dependency, seededRandom } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import pRetry from 'p-retry';
import { shuffled } from '../measure.ts';
import { isWanted, type Job, noFigures, type Samples, type Scenario } from '../scenario.ts';
import { ratios, spreadOf } from '../stats.ts';

const CONCURRENCY = 50;
/** Requests of one burst: so few that the bursts of all candidates in a round meet the same machine. */
const REQUESTS = 200;
/** Rounds whose median is one figure: single bursts differ by a fifth. */
const ROUNDS = 61;
const FIGURES = 3;
const WARM_ROUNDS = 20;

type Fetch = (url: string, init: { signal: AbortSignal }) => Promise<Response>;

/** Each meets `fetch` in a process of its own, or the garbage of one would be collected in another's bursts. */
const peers = ['cockatiel', 'p-retry'];

export const fetchScenario: Scenario = {
  name: 'fetch',
  title: '`resilientFetch`, 50 requests at a time',
  metrics: {
    rps: 'requests/s',
    share: "of fetch's",
    cpu: 'us of CPU a request',
    added: 'us added',
    left: 'sockets left',
  },
  base: 'fetch',
  goals: [
    {
      name: 'requests per second, ratio to fetch',
      metric: 'share',
      of: 'ours',
      bound: 0.9,
      atLeast: true,
    },
    { name: 'CPU added to a request, us', metric: 'added', of: 'ours', bound: 8 },
    { name: 'sockets that a timeout left open', metric: 'left', of: 'ours', bound: 0 },
  ],
  notes: [
    "Requests go over loopback to a server in another process. Every request gets the caller's signal; ours passes the attempt's signal to fetch.",
    'cockatiel is set not to abort on return, because the body could not be read otherwise.',
    'CPU is that of the client process, sockets included. The added CPU and the share are relative to fetch in the same round.',
    `A figure is the median of ${ROUNDS} rounds, in each of which every candidate makes ${REQUESTS} requests.`,
    'Sockets: ten requests with a timeout of 50 ms each are never answered, and the server counts the sockets that stay open.',
  ],
  usualHeap: true,
  processes: 5,
  alone: peers,
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

async function measure(job: Job): Promise<Samples> {
  const server = fork(new URL('fetch-server.ts', import.meta.url), { execArgv: [] });
  try {
    const url = await urlOf(server);
    const figures = await inRounds(url, job);
    if (job.alone !== null) return only(job.alone, figures);
    return { ...figures, left: { ours: [await leftOpen(server, url)] } };
  } finally {
    server.kill();
  }
}

async function urlOf(server: ChildProcess): Promise<string> {
  const [port] = (await once(server, 'message')) as [number];
  return `http://127.0.0.1:${port}/`;
}

/** Leaves out the `fetch` of this process, since the table shows that of ours. */
function only(name: string, figures: Samples): Samples {
  return Object.fromEntries(
    Object.entries(figures).map(([metric, byName]) => [metric, { [name]: byName[name] ?? [] }]),
  );
}

async function inRounds(url: string, job: Job): Promise<Samples> {
  const random = seededRandom(job.seed);
  const all = Object.entries(candidates()).filter(
    ([name]) => name === 'fetch' || isWanted(name, job, { alone: peers }),
  );
  const names = all.map(([name]) => name);
  const samples = {
    rps: noFigures(names),
    share: noFigures(names),
    cpu: noFigures(names),
    added: noFigures(names),
  };
  for (let round = 0; round < WARM_ROUNDS; round++) {
    for (const [, send] of all) await burst(url, send);
  }
  for (let figure = 0; figure < FIGURES; figure++) {
    const rps = noFigures(names);
    const cpu = noFigures(names);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, send] of shuffled(all, random)) {
        const measured = await burst(url, send);
        rps[name]!.push(measured.rps);
        cpu[name]!.push(measured.cpu);
      }
    }
    for (const [name] of all) {
      const added = cpu[name]!.map((us, round) => us - cpu['fetch']![round]!);
      samples.rps[name]!.push(spreadOf(rps[name]!).median);
      if (name === 'fetch') continue;
      samples.share[name]!.push(spreadOf(ratios(rps[name]!, rps['fetch']!)).median);
      samples.cpu[name]!.push(spreadOf(cpu[name]!).median);
      samples.added[name]!.push(spreadOf(added).median);
    }
  }
  return samples;
}

/** How many sockets stay open when the attempts on them time out: the attempt's signal must close them. */
async function leftOpen(server: ChildProcess, url: string): Promise<number> {
  const options = { protocol: 'http', timeout: '50ms', retry: false } as const;
  const hanging = resilientFetch(dependency('hanging', options));
  const requests = Array.from({ length: 10 }, () => hanging(`${url}never`).catch(() => null));
  await Promise.all(requests);
  // What the requests have done reaches the server before this does.
  await (await fetch(url)).text();
  server.send('how many are open?');
  const [open] = (await once(server, 'message')) as [number];
  return open;
}

/** Sends `REQUESTS` requests, `CONCURRENCY` at a time. */
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
