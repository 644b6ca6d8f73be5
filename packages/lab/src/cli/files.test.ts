import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initSpec } from '../spec/init.ts';
import { addCompile } from './compile.ts';
import { addInit } from './init.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function run(...args: string[]): Promise<Ran> {
  let out = '';
  let error = '';
  const program = new Command('holdfast').exitOverride().configureOutput({
    writeOut: (text) => (out += text),
    writeErr: (text) => (error += text),
  });
  addInit(program);
  addCompile(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return { code: thrown.exitCode, out, error };
  }
  return { code: 0, out, error };
}

describe('on the command line', () => {
  let folder = '';
  const path = (name: string): string => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('init writes a spec, and compile compiles it', async () => {
    const spec = path('holdfast.yaml');
    const made = await run('init', spec);
    expect(made).toEqual({
      code: 0,
      out: `${spec} is there. Next: holdfast audit ${spec}\n`,
      error: '',
    });
    expect(readFileSync(spec, 'utf8')).toBe(initSpec());
    const shown = await run('compile', spec);
    expect(JSON.parse(shown.out)).toMatchObject({
      holdfast: 1,
      services: { web: { dependencies: { checkout: { protocol: 'http' } } } },
    });
    expect(await run('compile', spec, '--out', path('fleet.json'))).toEqual({
      code: 0,
      out: '',
      error: '',
    });
    expect(readFileSync(path('fleet.json'), 'utf8')).toBe(shown.out);
  });

  test('init overwrites nothing', async () => {
    writeFileSync(path('mine.yaml'), 'mine');
    const { code, error } = await run('init', path('mine.yaml'));
    expect(code).toBe(1);
    expect(error).toBe(`error: ${path('mine.yaml')} is there already, and is not overwritten\n`);
    expect(readFileSync(path('mine.yaml'), 'utf8')).toBe('mine');
  });

  test('what cannot be read or written is said in a line', async () => {
    expect(await run('init', path('no/where.yaml'))).toMatchObject({
      code: 1,
      error: `error: ${path('no/where.yaml')} cannot be written: its folder does not exist\n`,
    });
    expect(await run('compile', path('nope.yaml'))).toMatchObject({
      code: 1,
      out: '',
      error: expect.stringContaining('does not exist') as string,
    });
    writeFileSync(path('bad.yaml'), 'services: { web: { workerz: 1 } }');
    const bad = await run('compile', path('bad.yaml'), '--out', path('bad.json'));
    expect(bad).toMatchObject({
      code: 1,
      error: `${path('bad.yaml')}:1:20 services.web.workerz is not an option; did you mean 'workers'?\n`,
    });
    expect(existsSync(path('bad.json'))).toBe(false);
  });
});
