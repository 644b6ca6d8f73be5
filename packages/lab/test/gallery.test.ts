/** The gallery holds what its pages say: each scenario loads, is described, and shows what it is there for. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../src/simulate/result.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { loadFleet } from '../src/spec/load.ts';

const gallery = join(import.meta.dirname, '../../../examples/scenarios');
const names = globSync('*.yaml', { cwd: gallery })
  .map((file) => basename(file, '.yaml'))
  .toSorted();

test('there are thirteen scenarios', () => expect(names).toHaveLength(13));

describe.each(names)('%s', (name) => {
  test('loads, and says what one sees', async () => {
    const { fleet } = await loadFleet(join(gallery, `${name}.yaml`));
    expect(fleet.name).toBe(name);
    expect(fleet.scenarios.size).toBe(1);
    for (const { about } of fleet.scenarios.values()) expect(about).not.toBe('');
  });

  test('has a page with the run of its own file, and a line in the index', () => {
    const page = read(`${name}.md`);
    expect(page).toContain(`npx holdfast simulate examples/scenarios/${name}.yaml --seed 1`);
    expect(page).toMatch(/^```text\nseed 1\n/m);
    expect(page).toContain(`](${name}.yaml)`);
    expect(read('README.md')).toContain(`[${name}](${name}.md)`);
  });
});

test('in a retry storm, three layers send the bank 61 requests for one; with budgets, 1.2', async () => {
  const { naive, holdfast } = await runs('retry-storm', ['naive', 'holdfast']);
  expect(amplification(naive, 'bank')).toBeCloseTo(60.7, 1);
  expect(amplification(holdfast, 'bank')).toBeCloseTo(1.22, 2);
  expectAllHold(holdfast);
});

test('after Black Friday only those without limits stay down', async () => {
  const { naive, holdfast } = await runs('black-friday', ['naive', 'holdfast']);
  expect(naive.verdict.kind).toBe('metastable');
  expect(naive.users[0]!.byPhase['after']!.goodput).toBe(0);
  expect(holdfast.verdict.kind).toBe('recovers');
  // It sends no keys, so that it is no use that payments would remember them.
  expect(naive.services[1]!.total.duplicates).toBe(91_943);
  expectAllHold(holdfast);
});

test('a slow dependency takes all workers, unless a bulkhead stands before it', async () => {
  const { naive, holdfast } = await runs('slow-dependency', ['naive', 'holdfast']);
  expect(naive.users[0]!.byPhase['fault']!.goodput).toBeLessThan(0.01);
  expect(holdfast.verdict.kind).toBe('stable');
  expectAllHold(holdfast);
});

test('stacked breakers keep one another open while the bank is well', async () => {
  const { naive, holdfast } = await runs('stacked-breakers', ['naive', 'holdfast']);
  expect(naive.users[0]!.byPhase['after']!.goodput).toBeGreaterThan(0.99);
  // The rest of the run is more than twenty outages long.
  expect(holdfast.users[0]!.byPhase['after']!.goodput).toBeLessThan(0.9);
  const bank = holdfast.edges.find(({ to }) => to === 'bank')!.byPhase['after']!;
  expect(bank.verdicts).toEqual({ success: bank.attempts });
  expectAllHold(holdfast);
});

test('without jitter a crowd meets again, and a tenth of it is never served', async () => {
  const { none, equal, full, decorrelated, holdfast } = await runs('jitter', [
    'none',
    'equal',
    'full',
    'decorrelated',
    'holdfast',
  ]);
  expect(none.users[0]!.total.goodput).toBeCloseTo(0.9, 2);
  for (const jittered of [equal, full, decorrelated]) {
    expect(jittered.users[0]!.total.goodput).toBe(1);
  }
  expectAllHold(holdfast);
});

test('retried writes have their effect twice, unless the server remembers the keys that are sent', async () => {
  const { naive, holdfast } = await runs('retried-writes', ['naive', 'holdfast']);
  expect(repeats(holdfast, 'forgetful')).toEqual([501, 0]);
  expect(repeats(holdfast, 'remembering')).toEqual([0, 481]);
  expect(repeats(naive, 'remembering')).toEqual([2357, 0]);
  expectAllHold(holdfast);
});

async function runs<Lane extends string>(
  name: string,
  lanes: readonly Lane[],
): Promise<Record<Lane, RunResult>> {
  const { fleet } = await loadFleet(join(gallery, `${name}.yaml`));
  const [scenario] = fleet.scenarios.keys();
  const results = lanes.map((lane) => [
    lane,
    simulate(fleet, { scenario: scenario!, lane, seed: 1 }),
  ]);
  return Object.fromEntries(results) as Record<Lane, RunResult>;
}

/** Effects that happened again, and repeats that were recognised by their key. */
function repeats({ services }: RunResult, at: string): readonly number[] {
  const { duplicates, recognised } = services.find(({ name }) => name === at)!.total;
  return [duplicates, recognised];
}

function amplification({ services }: RunResult, at: string): number | null {
  return services.find(({ name }) => name === at)!.byPhase['fault']!.amplification;
}

function expectAllHold({ expectations }: RunResult): void {
  expect(expectations).not.toEqual([]);
  for (const { text, holds } of expectations) expect([text, holds]).toEqual([text, true]);
}

function read(file: string): string {
  return readFileSync(join(gallery, file), 'utf8');
}
