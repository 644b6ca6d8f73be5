import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { laws } from './laws.ts';
import { runAll } from './pool.ts';

/** Threads and processes take their time to start. */
const SLOW = { timeout: 60_000 };
const CHEAP = 'three layers of budgets';

function oracles(...args: string[]) {
  const main = join(import.meta.dirname, 'main.ts');
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

describe('the pool', () => {
  test('comes to what runs in this thread come to, in the order of the seeds', SLOW, async () => {
    const place = laws.findIndex(({ name }) => name === CHEAP);
    const plan = { scale: 1, defect: null };
    for await (const { law, samples } of runAll([place], [3, 1, 2], 2)) {
      expect(law).toBe(place);
      expect(samples).toEqual([3, 1, 2].map((seed) => laws[place]!.run(seed, plan)));
    }
  });

  test('fails when a run does', SLOW, async () => {
    const all = runAll([laws.length], [1], 1);
    await expect(all.next()).rejects.toThrow(/run/);
  });
});

describe('the command', () => {
  test('ends with one line of JSON, and 0 when all holds', SLOW, () => {
    const { stdout, stderr, status } = oracles('--json', '--only', CHEAP);
    const { promises, seeds } = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(seeds).toHaveLength(20);
    expect(promises).toHaveLength(2);
    for (const { name, value, bound, holds } of promises) {
      expect(name).toContain(CHEAP);
      expect(value).toBeGreaterThan(bound[0]);
      expect(value).toBeLessThan(bound[1]);
      expect(holds).toBe(true);
    }
    expect(stderr).toContain('2 of 2 hold');
    expect(status).toBe(0);
  });

  test('takes other seeds than the first', SLOW, () => {
    const { stdout } = oracles('--json', '--only', CHEAP, '--seed', '101');
    const { seeds } = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(seeds).toEqual(Array.from({ length: 20 }, (_, i) => 101 + i));
  });

  test.each([
    ['--only', 'nothing'],
    ['--fast', ''],
    ['--seed', 'x'],
    ['--seed', '4294967290'],
  ])('says what is wrong with %s %s, and ends with 2', SLOW, (...args) => {
    const { stdout, stderr, status } = oracles(...args.filter((arg) => arg !== ''));
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^oracles: .*\n\nusage: npm run oracles /);
    expect(status).toBe(2);
  });

  test('explains itself, and names the laws', SLOW, () => {
    const { stdout, stderr, status } = oracles('--help');
    expect([status, stderr]).toEqual([0, '']);
    for (const { name } of laws) expect(stdout).toContain(`  ${name}\n`);
  });
});
