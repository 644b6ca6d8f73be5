import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Processes take their time to start. */
const SLOW = { timeout: 60_000 };

function bench(folder: string, ...args: readonly string[]) {
  const main = join(import.meta.dirname, folder, 'main.ts');
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 30_000 });
}

describe.each([
  [
    'bench',
    '.',
    ['--seed', '1.5'],
    "--seed must be a whole number from 0 to 1000000000; got '1.5'",
  ],
  ['bench', '.', ['--only', 'pipline'], /^bench: --only takes pipeline, .*; got 'pipline'/],
  ['bench', '.', ['--update', '--only', 'idle'], '--update writes all tables anew'],
  ['bench', '.', ['pipeline'], "Unexpected argument 'pipeline'"],
  ['bench:idempotency', 'idempotency', ['--rounds', '0'], "from 1 to 100; got '0'"],
  ['bench:idempotency', 'idempotency', ['--jsn'], "Unknown option '--jsn'"],
] as const)('%s in %s: %j', (command, folder, args, why) => {
  test('says what is wrong and how it is used, and ends with 2', SLOW, () => {
    const { status, stdout, stderr } = bench(folder, ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(why);
    expect(stderr).toMatch(new RegExp(`^${command}: .*\\n\\nusage: npm run ${command} `));
  });
});

test.each(['.', 'idempotency'])('explains itself, and ends with 0: %s', SLOW, (folder) => {
  const { status, stdout, stderr } = bench(folder, '--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^usage: npm run bench.*-- \[options\]\n/);
});

test('what lacks a part could not be judged: 2, in a line', SLOW, () => {
  const main = join(import.meta.dirname, 'idempotency/main.ts');
  const env = { ...process.env, HOLDFAST_REDIS_SERVER: '/no/such/server' };
  const args = [main, '--json', '--no-peers'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  expect(stderr).toMatch(/^bench:idempotency: could not be judged, .*\/no\/such\/server.*\n$/);
  expect(JSON.parse(stdout)).toMatchObject({ promises: [] });
  expect(status).toBe(2);
});
