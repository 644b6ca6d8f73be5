import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { duplicates } from '../../packages/holdfast/torture/parts/duplicates.ts';
import { histories } from '../../packages/holdfast/torture/parts/histories.ts';
import { kills } from '../../packages/holdfast/torture/parts/kills.ts';
import { outage } from '../../packages/holdfast/torture/parts/outages.ts';
import { openPlace, type Place } from '../../packages/holdfast/torture/places/place.ts';
import type { Plan } from '../../packages/holdfast/torture/plan.ts';
import type { Defect } from '../../packages/holdfast/torture/protocol.ts';
import type { Check } from '../../scripts/tasks/checks.ts';

type Part = (place: Place, plan: Plan) => Promise<Check[]>;

const outageOf: Part = (place, plan) => outage(place, place.faults[0]!, plan);

/** Against what hangs: dozens of processes start, on whatever machine. */
const TOO_LONG = 180_000;

/** What is planted, where, and which promise must be seen to break. */
test.concurrent.each<[Defect, string, Part, RegExp]>([
  ['takes-over-unasked', 'kill -9', kills, /more effects than/],
  ['keeps-dead-leases', 'kill -9', kills, /latest answer/],
  ['grants-twice', 'duplicates', duplicates, /without exactly one effect/],
  ['grants-twice', 'an outage', outageOf, /two effects/],
  ['stays-down', 'an outage', outageOf, /without an answer/],
  ['grants-twice', 'histories', histories, /no order explains/],
  ['accepts-late-writers', 'histories', histories, /no order explains/],
  ['forgets-results', 'histories', histories, /no order explains/],
  ['forgets-points', 'histories', histories, /no order explains/],
])(
  'a store that %s is found out by %s',
  async (defect, _, part, promise) => {
    const place = await openPlace('sqlite');
    const plan: Plan = {
      store: 'sqlite',
      client: 'node:sqlite',
      mode: 'leased',
      seed: 3,
      rounds: 8,
      keys: 4,
      callers: 12,
      outage: 1500,
      histories: 48,
      lease: 400,
      defect,
      progress: () => {},
    };
    const broken = (await part(place, plan)).filter(({ holds }) => holds === false);
    await place.close();
    expect(broken.map(({ name }) => name)).toContainEqual(expect.stringMatching(promise));
  },
  TOO_LONG,
);

const program = fileURLToPath(new URL('../../packages/holdfast/torture/main.ts', import.meta.url));

test('the command says its seed first, and ends with one object that holds the promises', () => {
  const args = ['--no-warnings', program, '--json', '--seed', '9', '--rounds', '1'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, '--only', 'kills'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { promises, ...rest } = JSON.parse(stdout) as { promises: Check[] };
  expect(rest).toEqual({
    seed: 9,
    store: 'sqlite',
    client: 'node:sqlite',
    mode: 'leased',
    rounds: 1,
  });
  expect(promises.length).toBeGreaterThan(5);
  for (const { name, value, bound, holds } of promises) {
    expect([typeof name, typeof value, bound.length, holds]).toEqual(['string', 'number', 2, true]);
  }
  expect(stderr).toMatch(/^seed 9;/);
  expect(status).toBe(0);
});

test.each([
  [['--store', 'memory'], '--store takes one of: sqlite, redis, postgres'],
  [['--rounds', '0'], '--rounds must be a whole number from 1 to 10000'],
  [['--mode', 'transactional'], '--mode transactional needs --store postgres; got sqlite'],
  [['--client', 'pg'], '--client takes one of: node:sqlite'],
  [['--only', 'nothing'], '--only takes one of: kills, duplicates, outages, histories'],
])('the command refuses %s', (args, complaint) => {
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect([status, stderr]).toEqual([2, expect.stringContaining(complaint)]);
});
