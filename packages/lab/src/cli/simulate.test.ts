import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { holdfast } from '../../test/command.ts';

const SPEC = `
name: shop
services:
  web: { calls: [{ to: payments, idempotent: true }] }
  payments: { external: true, serviceTime: { exponential: 10ms } }
users:
  shoppers: { to: web, rate: 20, patience: 2s }
scenarios:
  outage:
    about: Payments is away for two seconds.
    duration: 20s
    warmUp: 1s
    faults: [{ outage: payments, from: 5s, for: 2s }]
    expect: [duplicates = 0, goodput at shoppers before >= 95%]
  calm: { duration: 10s, load: { shoppers: { rate: 10 } } }
`;

let folder: string;
let spec: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulate-'));
  spec = await write('holdfast.yaml', SPEC);
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

interface Told {
  readonly command: string;
  readonly fleet: string;
  readonly scenarios: readonly { scenario: string; lane: string; seed: number }[];
  readonly spreads: readonly unknown[];
  readonly sweep: { rows: readonly { cells: readonly unknown[] }[] } | null;
  readonly promises: readonly { name: string; value: number; bound: number; holds: boolean }[];
}

const lastLine = (text: string): Told => JSON.parse(text.trimEnd().split('\n').at(-1)!) as Told;

const runsIn = (text: string): number => text.split('"phases":').length - 1;

describe('holdfast simulate', () => {
  it('says the seed first, runs all scenarios in both lanes, and ends with one object', async () => {
    const { code, out, err } = await holdfast('simulate', spec, '--seed', '7', '--json');
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('seed 7');
    const told = lastLine(out);
    expect(told.fleet).toBe('shop');
    expect(told.command).toBe('holdfast simulate holdfast.yaml --seed 7 --lanes naive,holdfast');
    expect(told.scenarios.map(({ scenario, lane, seed }) => [scenario, lane, seed])).toEqual([
      ['outage', 'naive', 7],
      ['outage', 'holdfast', 7],
      ['calm', 'naive', 7],
      ['calm', 'holdfast', 7],
    ]);
    expect(told.promises).toEqual([
      { name: 'outage: duplicates = 0', value: 0, bound: 0, endless: false, holds: true },
      {
        name: 'outage: goodput at shoppers before >= 95%',
        value: 1,
        bound: 0.95,
        endless: false,
        holds: true,
      },
    ]);
    expect(err).toBe('simulating 4 runs\n');
  });

  it('makes no string of all runs, which may be longer than a string can be', async () => {
    const stringify = vi.spyOn(JSON, 'stringify');
    const { out } = await holdfast('simulate', spec, '--json');
    const made = stringify.mock.results.map(({ value }) => String(value));
    stringify.mockRestore();
    expect(Math.max(...made.map(runsIn))).toBe(1);
    const line = out.trimEnd().split('\n').at(-1)!;
    expect(runsIn(line)).toBe(4);
    expect(line).toBe(JSON.stringify(JSON.parse(line)));
  }, 60_000);

  it('says the same bytes twice, without a path', async () => {
    const once = await holdfast('simulate', spec, '--json');
    const again = await holdfast('simulate', spec, '--json');
    expect(again.out).toBe(once.out);
    expect(once.out).not.toContain(folder);
    const summary = await holdfast('simulate', spec);
    expect((await holdfast('simulate', spec)).out).toBe(summary.out);
  }, 60_000);

  it('prints a summary that fits a hundred columns, without colours where nobody sees them', async () => {
    const { out } = await holdfast('simulate', spec);
    expect(out).toContain('Payments is away for two seconds.');
    expect(out).toMatch(/^holdfast +100 % /m);
    expect(out).toMatch(/^fault +▔+$/m);
    expect(out).toContain('✓ duplicates = 0');
    expect(out).not.toContain('\u001b');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('ends with 1 when an expectation does not hold', async () => {
    const strict = await write(
      'strict.yaml',
      SPEC.replace('before >= 95%', 'during the fault >= 95%'),
    );
    const { code, out } = await holdfast('simulate', strict, '--scenario', 'outage');
    expect(code).toBe(1);
    expect(out).toMatch(/✗ goodput at shoppers during the fault >= 95%: it is \d/);
  });

  it('ends with 1 when answers were to come in time, and never came', async () => {
    const waits = SPEC.replace('patience: 2s', 'patience: 2s, policy: waits')
      .replace('services:', 'policies: { waits: { timeout: false, deadline: false } }\nservices:')
      .replace('{ outage: payments, from', '{ outage: web, how: hang, from')
      .replace('duplicates = 0', 'p99 at shoppers <= 1s');
    const file = await write('waits.yaml', waits);
    const { code, out } = await holdfast('simulate', file, '--scenario', 'outage');
    expect(out).toMatch(/✗ p99 at shoppers <= 1s: it is more than \d+\.\d s\n/);
    expect(code).toBe(1);
  });

  it('says before any run that a measure is at the wrong kind of place', async () => {
    const wrong = await write('wrong.yaml', SPEC.replace('tes = 0', 'tes at shoppers = 0'));
    const { code, out, err } = await holdfast('simulate', wrong);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('wrong.yaml:14:14 scenarios.outage.expect[0] must be at a service');
  });

  it('ends with 2 when an expectation could not be evaluated', async () => {
    const blind = await write(
      'blind.yaml',
      SPEC.replace('services:', 'services:\n  spare: {}').replace('tes = 0', 'tes at spare = 0'),
    );
    const { code, out } = await holdfast('simulate', blind, '--scenario', 'outage');
    expect(code).toBe(2);
    expect(out).toContain('? duplicates at spare = 0: could not be evaluated');
    const other = await holdfast('simulate', spec, '--lanes', 'naive');
    expect(other.code).toBe(2);
    expect(other.err).toContain('--lanes does not name holdfast');
  });

  it('runs several seeds, and gives means with their confidence', async () => {
    const { out } = await holdfast('simulate', spec, '--scenario', 'calm', '--seeds', '3');
    expect(out.split('\n')[0]).toBe('seeds 1 to 3');
    expect(out).toMatch(/mean of 3 seeds/);
    expect(out).toMatch(/p99 at shoppers +\d.* ms ± \d.* ms/);
    const told = lastLine(
      (await holdfast('simulate', spec, '--scenario', 'calm', '--seeds', '3', '--json')).out,
    );
    expect(told.scenarios).toHaveLength(6);
    expect(told.spreads).toHaveLength(2);
  }, 60_000);

  it('sweeps a parameter', async () => {
    const args = ['simulate', spec, '--scenario', 'calm', '--lanes', 'naive'];
    expect((await holdfast(...args)).err).toBe('simulating 1 run\n');
    args.push('--sweep', 'scenarios.calm.load.shoppers.rate=10..30/10');
    const { code, out } = await holdfast(...args);
    expect(code).toBe(0);
    expect(out).toMatch(/^scenarios\.calm\.load\.shoppers\.rate +calm, naive$/m);
    expect(out).toMatch(/^ +30 +stable, 100 %$/m);
    const told = lastLine((await holdfast(...args, '--json')).out);
    expect(told.sweep!.rows[0]!.cells).toHaveLength(3);
    expect(told.scenarios).toEqual([]);
  }, 60_000);

  it('writes a report in HTML, Markdown and JSON', async () => {
    const out = join(folder, 'report.html');
    const { code } = await holdfast('simulate', spec, '--scenario', 'calm', '--out', out);
    expect(code).toBe(0);
    const [html, markdown, json] = await Promise.all(
      ['html', 'md', 'json'].map((end) => readFile(join(folder, `report.${end}`), 'utf8')),
    );
    expect(html).toMatch(/^<!doctype html>/i);
    expect(markdown).toContain('calm');
    expect(JSON.parse(json!)).toMatchObject({ fleet: 'shop', seeds: [1] });
    for (const text of [html, markdown, json]) expect(text).not.toContain(folder);
  });

  it.each([
    [['--seed', 'one'], 'whole number'],
    [['--seeds', '0'], 'from 1 to 1000'],
    [['--seed', '4294967295', '--seeds', '2'], 'the last seed is 4294967295'],
    [['--lanes', 'naive,,holdfast'], 'names with commas'],
    [['--lanes', 'brave'], "the spec has no 'brave'; it has holdfast, naive"],
    [['--scenario', 'flood'], "the spec has no 'flood'; it has outage, calm"],
    [['--sweep', 'rate=1'], 'must be PARAM=FROM..TO/STEP'],
    [['--sweep', 'users.shoppers.rat=1..2/1'], "did you mean 'rate'"],
    [['--scenario', 'calm', '--sweep', 'users.shoppers.rate=1..9/4'], 'has no effect on calm'],
    [['--out', 'report.pdf'], 'must end with .html'],
    [['--frobnicate'], 'unknown option'],
    [['--scenario', 'calm', '--scenario', 'outage'], 'is there a second time'],
    [['--lanes', 'naive', '--lanes', 'holdfast'], 'is there a second time'],
    [['--out', 'a.html', '--out', 'b.html'], 'is there a second time'],
    [['--seed', '1', '--seed', '2'], 'is there a second time'],
    [['--seeds', '2', '--seeds', '1'], 'is there a second time'],
    [['--sweep', 'a=1..2/1', '--sweep', 'b=1..2/1'], 'is there a second time'],
  ])('%j is an error in one line, and the code is 2', async (args, why) => {
    const { code, err } = await holdfast('simulate', spec, ...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^holdfast: [^\n]+\n$/);
    expect(err).toContain(why);
  });

  it('fails before the first run when the report cannot be written', async () => {
    const file = await write('file.txt', '');
    await mkdir(join(folder, 'taken.json'));
    for (const [out, why] of [
      [join(folder, 'no', 'such', 'report.html'), 'its folder does not exist'],
      [join(file, 'report.html'), 'a part of its path is no folder'],
      [join(folder, 'taken.html'), 'taken.json is a folder: name a file in it'],
    ] as const) {
      const { code, out: said, err } = await holdfast('simulate', spec, '--out', out);
      expect({ code, said }).toEqual({ code: 2, said: '' });
      expect(err).toMatch(/^holdfast: [^\n]+\n$/);
      expect(err).toContain(why);
    }
    expect(await readdir(folder)).not.toContain('taken.html');
  });

  it('does not write a report over the spec, which may be JSON beside it', async () => {
    const text = JSON.stringify({
      services: { web: {} },
      users: { callers: { to: 'web', rate: 1 } },
      scenarios: { calm: { duration: '1s' } },
    });
    const json = await write('fleet.json', text);
    await symlink(json, join(folder, 'link.json'));
    for (const name of ['fleet', 'link']) {
      const out = join(folder, `${name}.html`);
      const { code, err } = await holdfast('simulate', json, '--out', out);
      expect(code).toBe(2);
      expect(err).toContain(`${name}.json is the spec, and is not overwritten`);
    }
    expect(await readFile(json, 'utf8')).toBe(text);
    expect(await readdir(folder)).not.toContain('fleet.html');
  });

  it('says what is wrong with a spec, and where', async () => {
    const bad = await write('bad.yaml', SPEC.replace('to: payments', 'to: payment'));
    const { code, err } = await holdfast('simulate', bad);
    expect(code).toBe(2);
    expect(err).toMatch(/^holdfast: \S*bad\.yaml:4:\d+ .*payment/);
    const empty = await write('empty.yaml', 'name: x\nservices: { web: {} }\n');
    expect((await holdfast('simulate', empty)).err).toContain(
      'holdfast: the spec has no scenarios',
    );
  });
});
