import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealRun, stage } from './stage.ts';
import { stageable } from './staging.ts';

/** Three processes and real time, so that it is as short as it can be: people come in the first two seconds only. */
const SPEC = `
name: short
policies:
  quick: { protocol: http, timeout: 300ms, deadline: 500ms, retry: { backoff: { base: 1ms } } }
services:
  web:
    workers: 50
    serviceTime: 5ms
    calls: [{ to: stock, policy: quick, idempotent: true }]
  stock: { external: true, workers: 50, serviceTime: 5ms }
users:
  people: { to: web, rate: [{ at: 0, rate: 40 }, { at: 2s, rate: 0 }], arrivals: constant, policy: none }
scenarios:
  outage:
    duration: 4s
    faults: [{ outage: stock, from: 1s }]
`;
const SLOW = { timeout: 60_000 };

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reality-'));
  file = join(folder, 'short.yaml');
  await writeFile(file, SPEC);
});
afterAll(() => rm(folder, { recursive: true }));

async function short(): Promise<RealRun> {
  return stage({ file, fleet: await stageable(file), scenario: 'outage', seed: 1 });
}

/** The children of a process, once it has so many. */
async function childrenOf(pid: number, count: number): Promise<number[]> {
  for (;;) {
    const found = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).match(/\d+/g) ?? [];
    if (found.length >= count) return found.map(Number);
  }
}

describe('a run', SLOW, () => {
  test('answers everybody who came, meets its fault, and leaves no process behind', async () => {
    const before = await childrenOf(process.pid, 0);
    const { result, pace } = await short();
    const [people] = result.users;
    const [toWeb, toStock] = result.edges;
    expect(people!.total.arrivals).toBe(79);
    expect(toWeb!.total.calls).toBe(79);
    expect(toStock!.total.calls).toBe(79);
    expect(result.work.calls).toBe(158);
    for (const edge of [toWeb, toStock]) {
      expect(edge!.byPhase['fault']!.failures).toBeGreaterThan(0);
    }
    expect(result.phases.map(({ name }) => name)).toEqual(['before', 'fault']);
    expect(pace).toHaveLength(2);
    for (const { loopDelay, lateness } of pace) {
      expect(loopDelay).toBeGreaterThanOrEqual(0);
      expect(lateness).toBeGreaterThanOrEqual(0);
    }
    expect(await childrenOf(process.pid, 0)).toEqual(before);
  });

  test('fails when a process of it dies', async () => {
    const before = await childrenOf(process.pid, 0);
    const failure = short().catch((error: Error) => error.message);
    const mine = (await childrenOf(process.pid, before.length + 3)).filter(
      (pid) => !before.includes(pid),
    );
    process.kill(mine[1]!, 'SIGKILL');
    expect(await failure).toBe('the process of stock ended with SIGKILL before the run did');
    expect(await childrenOf(process.pid, 0)).toEqual(before);
  });
});

function start(...args: string[]) {
  return spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('the command', SLOW, () => {
  test('ends with one line of JSON, and an exit code that says the same', async () => {
    const command = start('--json', '--runs', '1', '--spec', file);
    const [said, result, [code]] = await Promise.all([
      text(command.stderr),
      text(command.stdout),
      once(command, 'exit'),
    ]);
    const { promises, runs } = JSON.parse(result);
    expect(promises).toHaveLength(1 + 2 * 3 + 1);
    expect(promises.at(-1).name).toMatch(/^mis-stated: a doubled timeout of quick/);
    for (const { value, bound } of promises) {
      expect(value).toEqual(expect.any(Number));
      expect(bound).toHaveLength(2);
    }
    const worst = [false, null].findIndex((each) =>
      promises.some(({ holds }: { holds: unknown }) => holds === each),
    );
    expect(code).toBe([1, 2, 0].at(worst));
    expect(runs[0]).toMatchObject({ scenario: 'outage', seed: 1 });
    expect(said).toMatch(/\d+ of 8 hold/);
  });

  test.each<[string[], string]>([
    [['--runs', '0'], "--runs must be a whole number from 1 to 99; got '0'"],
    [['--seed=-1'], '--seed must be a whole number'],
    [['--fast'], "Unknown option '--fast'"],
    [['--scenario', 'none'], "--scenario takes one of: slow, outage, overload; got 'none'"],
    [['--misstate', 'none'], "--misstate takes one of: charge; got 'none'"],
    [['--spec', 'none.yaml'], 'none.yaml does not exist'],
  ])('says what is wrong with %j', async (args, message) => {
    const command = start(...args);
    const [said, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')]);
    expect(code).toBe(2);
    expect(said).toMatch(/^reality: /);
    expect(said).toContain(message);
    expect(said).not.toContain('    at ');
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('leaves no process behind on %s', async (signal) => {
    const command = start('--spec', file);
    // Its processes hold stderr open, so that it ends when the last of them has.
    const gone = Promise.all([text(command.stderr), once(command, 'exit')]);
    await childrenOf(command.pid!, 3);
    command.kill(signal);
    await gone;
    expect(command.signalCode).toBe(signal);
  });
});
