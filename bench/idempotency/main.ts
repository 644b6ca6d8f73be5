/**
 * `npm run bench:idempotency [-- --help]`: what idempotency costs a route, beside the peers and the route alone, in
 * one run; and what the stores do by themselves. Starts a Redis and a PostgreSQL of its own. The exit code is 1 when
 * a promise does not hold, and 2 when one could not be judged.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { argumentsOf, integer } from '../../scripts/tasks/arguments.ts';
import { exitCode } from '../../scripts/tasks/checks.ts';
import { startPostgres } from '../../test/servers/postgres.ts';
import { startRedis } from '../../test/servers/redis.ts';
import { judge, type Judged } from '../judge.ts';
import { type Goal, isOurs, noFigures, type Samples, type Scenario } from '../scenario.ts';
import { tableOf } from '../table.ts';
import { load } from './load.ts';
import { postgresRates, sqliteCommits } from './stores.ts';

const USAGE = `usage: npm run bench:idempotency -- [options]

  --no-peers   only Holdfast, the bare routes and the least that is possible
  --rounds N   of each server, 1 to 100; 7 by default
  --json       the figures as JSON, on the last line
  --help
`;

const values = argumentsOf('bench:idempotency', USAGE, () => {
  const given = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
    },
  }).values;
  return { ...given, rounds: integer('--rounds', given.rounds, 1, 100) };
});
const CLIENTS = 50;
/** Milliseconds that a server is asked for in each round. */
const SLICE = 1500;
/**
 * By what its first collections happened to find, V8 decides for good whether objects that live for one request are made
 * among those that stay. A process in which it does may be only half as fast as its twin: now and then that of the bare route,
 * more often those of routes that keep something.
 */
const FLAGS = ['--no-allocation-site-pretenuring'];
const METRICS = { rps: 'requests/s', cpu: "us of the server's CPU a request" };
const ROUTES = {
  fastify: [
    'bare',
    'minimum, memory',
    'minimum, redis',
    'ours, memory',
    'ours, redis',
    'ours, redis, appendfsync always',
    'node-idempotency, memory',
    'node-idempotency, redis',
    'powertools, redis',
  ],
  express: ['bare', 'ours, memory', 'ours, redis', 'express-idempotency, memory'],
} as const;

const promises: Judged[] = [];
const figures: Record<string, Samples> = {};
try {
  await benchFastify();
  await benchExpress();
  await benchPostgres();
  await benchSqlite();
  process.exitCode = exitCode(promises);
} catch (error) {
  console.error(`bench:idempotency: could not be judged, ${(error as Error).message}`);
  process.exitCode = 2;
}
if (values.json) console.log(JSON.stringify({ promises, figures }));

/** What is promised is promised of the faster framework: there the route itself costs least. */
async function benchFastify(): Promise<void> {
  const notes = [
    'Redis without persistence, as the peers were measured, unless it says otherwise.',
    'The minimum ([bench/idempotency/minimum.ts](../../bench/idempotency/minimum.ts)) hashes, takes the key and keeps the answer, and knows nothing else.',
  ];
  const goals = [routeGoal('memory', 0.8), routeGoal('redis', 0.6)];
  tell({ ...routeScenario('fastify'), goals, notes }, await routesOf('fastify'));
}

async function benchExpress(): Promise<void> {
  const notes = ["express-idempotency's Redis adapter lets duplicates through, so it is left out."];
  tell({ ...routeScenario('express'), goals: [], notes }, await routesOf('express'));
}

async function benchPostgres(): Promise<void> {
  const goals: Goal[] = [
    {
      name: 'claims, ratio to a bare insert',
      metric: 'perSecond',
      of: 'claims',
      per: 'bare',
      bound: 0.7,
      atLeast: true,
    },
    {
      name: 'whole cycles, ratio to a bare insert',
      metric: 'perSecond',
      of: 'cycles',
      per: 'bare',
      bound: 0.35,
      atLeast: true,
    },
  ];
  const title = 'PostgreSQL at 16 connections; bare is `insert .. on conflict do nothing`';
  const server = await startPostgres();
  try {
    tell(
      { name: 'postgres', title, metrics: { perSecond: 'a second' }, base: 'bare', goals },
      await postgresRates(server.port),
    );
  } finally {
    await server.stop();
  }
}

async function benchSqlite(): Promise<void> {
  const goals: Goal[] = [
    { name: 'claims a commit', metric: 'perCommit', of: 'sqlite', bound: 10, atLeast: true },
  ];
  const title = 'SQLite, 100 claims under way, synchronous=FULL';
  const metrics = { perCommit: 'claims a commit', perSecond: 'a second' };
  tell({ name: 'sqlite', title, metrics, goals }, await sqliteCommits());
}

function routeScenario(framework: keyof typeof ROUTES): Omit<Scenario, 'goals'> {
  const title = `POST /charge on ${framework}, ${CLIENTS} keep-alive clients, every key new`;
  return { name: framework, title, metrics: METRICS, base: 'bare' };
}

function routeGoal(store: string, bound: number): Goal {
  const name = `${store}, ratio to the bare route`;
  return { name, metric: 'rps', of: `ours, ${store}`, per: 'bare', bound, atLeast: true };
}

function tell(scenario: Scenario, samples: Samples): void {
  const judged = scenario.goals.map((goal) => judge(goal, samples));
  promises.push(...judged.map((one) => ({ ...one, name: `${scenario.name}: ${one.name}` })));
  figures[scenario.name] = samples;
  if (!values.json) console.log(tableOf(scenario, samples, judged));
}

/** All servers stand; round by round each gets its slice, so that all meet the same machine. */
async function routesOf(framework: keyof typeof ROUTES): Promise<Samples> {
  const wanted = ROUTES[framework].filter((name) => !values['no-peers'] || isOurs(name));
  const [plain, durable] = [
    await startRedis(),
    await startRedis({ appendonly: true, appendfsync: 'always' }),
  ];
  const servers = new Map<string, { readonly child: ChildProcess; readonly port: number }>();
  try {
    for (const name of wanted) {
      const { port } = name.endsWith('always') ? durable : plain;
      servers.set(
        name,
        await started(`${framework}, ${name.replace(', appendfsync always', '')}`, port),
      );
    }
    const [rps, cpu] = [noFigures(wanted), noFigures(wanted)];
    for (let round = -1; round < values.rounds; round++) {
      for (const [name, { child, port }] of servers) {
        console.error(
          `bench:idempotency: ${framework}, ${name}, round ${round + 1} of ${values.rounds}`,
        );
        const before = await cpuOf(child);
        const { perSecond, answered } = await load(port, CLIENTS, SLICE);
        if (round < 0) continue; // to warm up
        rps[name]!.push(perSecond);
        cpu[name]!.push(((await cpuOf(child)) - before) / answered);
      }
    }
    return { rps, cpu };
  } finally {
    for (const { child } of servers.values()) child.kill();
    await Promise.all([plain.stop(), durable.stop()]);
  }
}

/** Microseconds that a server has used so far. */
async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message') as Promise<[number]>;
  child.send('cpu');
  return (await answer)[0];
}

/** Starts a server, and waits until it can be asked. */
async function started(
  route: string,
  redisPort: number,
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(new URL('server.ts', import.meta.url), [route, String(redisPort)], {
    execArgv: FLAGS,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const failed = once(child, 'exit').then(() => {
    throw new Error(`the server of '${route}' has ended`);
  });
  const [port] = (await Promise.race([once(child, 'message'), failed])) as [number];
  failed.catch(() => {});
  return { child, port };
}
