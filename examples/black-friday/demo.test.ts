import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../test/servers/process.ts';
import { type RunOptions, start } from './conductor.ts';
import { judge } from './judge.ts';
import { type Figures, figuresOf } from './measure.ts';
import { LANES, planOf } from './plan.ts';

/** Five processes and real time, so that this is as short as it can be. */
const SHORT = planOf(1, 10, [
  ['healthy', 'healthy', 10],
  ['slow', 'slow', 10],
  ['down', 'down', 10],
  ['back', 'healthy', 10],
  ['after', 'healthy', 10],
]);

/** The first child of a process, once it has one. */
async function killChild(pid: number): Promise<void> {
  for (;;) {
    const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
    if (child) return void process.kill(Number(child), 'SIGKILL');
  }
}

async function rehearse(options?: RunOptions): Promise<Figures> {
  const run = start(SHORT, options);
  await run.finished;
  return figuresOf(run.recording);
}

describe('a short run', { timeout: 60_000 }, () => {
  test('answers for every shopper, and each lane acts as its code says', async () => {
    const { lanes, offered, lateness, stalls } = await rehearse();
    for (const lane of LANES) {
      expect(lanes[lane].phases.reduce((sum, phase) => sum + phase.offered, 0)).toBe(offered);
    }
    const [healthy, , down] = lanes.naive.phases;
    expect(healthy!.attempts).toBeGreaterThan(0);
    expect(down!.attempts / down!.offered).toBeGreaterThan(2);
    expect(lanes.naive.repeatsCaught).toBe(0);
    expect(lanes.naive.doubleCharges).toBeGreaterThan(0);
    expect(lanes.holdfast.repeatsCaught).toBeGreaterThan(0);
    expect(lanes.holdfast.doubleCharges).toBe(0);
    expect(lateness).toBeGreaterThanOrEqual(0);
    expect(Object.keys(stalls)).toHaveLength(5);
  });

  test('is seen through when the naive code runs in the lane of holdfast', async () => {
    const { promises } = judge(await rehearse({ ways: { naive: 'naive', holdfast: 'naive' } }));
    const fails = promises.filter(({ holds }) => !holds).map(({ name }) => name);
    expect(fails).toEqual(expect.arrayContaining(['attempts', 'double-charges']));
  });
});

describe('the command', { timeout: 60_000 }, () => {
  const command = join(import.meta.dirname, 'demo.ts');

  test.each([[['--sed', '1']], [['--seed', 'x']], [['--seed=-1']], [['--store', 'mysql://h']]])(
    'says what is wrong with %j, and how to call it',
    async (args) => {
      const demo = spawn(process.execPath, [command, ...args]);
      const [said, [code]] = await Promise.all([text(demo.stderr), once(demo, 'exit')]);
      expect(code).toBe(2);
      expect(said).toMatch(/^demo: .*--(see?d|store)/);
      expect(said).toContain('usage: npm run demo');
    },
  );

  test('says in JSON as well that the store cannot be reached, before anything is started', async () => {
    const place = `redis://127.0.0.1:${await freePort()}`;
    const demo = spawn(process.execPath, [command, '--json', '--store', place]);
    const [result, [code]] = await Promise.all([text(demo.stdout), once(demo, 'exit')]);
    expect(code).toBe(2);
    expect(JSON.parse(result)).toMatchObject({
      promises: [],
      doubts: [expect.stringContaining('--store: redis cannot be reached')],
    });
  });

  test('says in JSON as well that a process of it has died', async () => {
    const demo = spawn(process.execPath, [command, '--quick', '--json', '--seed', '1']);
    const [said, result, , [code]] = await Promise.all([
      text(demo.stderr),
      text(demo.stdout),
      once(demo.stderr, 'data').then(() => killChild(demo.pid!)),
      once(demo, 'exit'),
    ]);
    expect(code).toBe(2);
    expect(said).toContain('demo: could not be judged');
    const { promises, doubts } = JSON.parse(result);
    expect(promises).toEqual([]);
    expect(doubts).toEqual([expect.stringContaining('SIGKILL')]);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'leaves no process and no file behind on %s',
    async (signal) => {
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const demo = spawn(process.execPath, [command, '--quick', '--seed', '1'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TMPDIR: folder },
      });
      // Its processes hold stderr open, so that it ends when the last of them has.
      const gone = Promise.all([text(demo.stderr), once(demo, 'exit')]);
      for await (const chunk of demo.stdout) if (/\d s {2}healthy/.test(String(chunk))) break;
      demo.kill(signal);
      await gone;
      expect(demo.signalCode ?? demo.exitCode).toBe(signal === 'SIGINT' ? 130 : signal);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});
