import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { holdfast } from '../../test/command.ts';
import { temporaryFolder } from '../../test/folder.ts';
import { initSpec } from '../spec/init.ts';
import { loadFleet } from '../spec/load.ts';
import { specSchema } from '../spec/schema.ts';

describe('on the command line', () => {
  test('init writes a spec, and compile compiles it', async () => {
    const folder = await temporaryFolder();
    const spec = join(folder, 'holdfast.yaml');
    expect(await holdfast('init', spec)).toEqual({
      code: 0,
      out: `${spec} is there. Next: holdfast audit ${spec}\n`,
      err: '',
    });
    expect(await readFile(spec, 'utf8')).toBe(initSpec());
    const shown = await holdfast('compile', spec);
    expect(JSON.parse(shown.out)).toMatchObject({
      holdfast: 1,
      services: { web: { dependencies: { checkout: { protocol: 'http' } } } },
    });
    const out = join(folder, 'fleet.json');
    expect(await holdfast('compile', spec, '--out', out)).toEqual({ code: 0, out: '', err: '' });
    expect(await readFile(out, 'utf8')).toBe(shown.out);
  });

  test('schema prints the JSON Schema, and a spec beside it names it', async () => {
    const folder = await temporaryFolder();
    const { code, out } = await holdfast('schema');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(specSchema());
    const file = join(folder, 'holdfast.schema.json');
    expect(await holdfast('schema', '--out', file)).toEqual({ code: 0, out: '', err: '' });
    expect(await readFile(file, 'utf8')).toBe(out);
    const spec = join(folder, 'holdfast.yaml');
    await holdfast('init', spec);
    const [first] = (await readFile(spec, 'utf8')).split('\n');
    expect(first).toBe('# yaml-language-server: $schema=./holdfast.schema.json');
    expect((await loadFleet(spec)).fleet.name).toBe('shop');
  });

  test('init overwrites nothing', async () => {
    const file = join(await temporaryFolder(), 'mine.yaml');
    await writeFile(file, 'mine');
    expect(await holdfast('init', file)).toEqual({
      code: 2,
      out: '',
      err: `holdfast: ${file} is there already, and is not overwritten\n`,
    });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  test('what cannot be written is said in a line', async () => {
    const folder = await temporaryFolder();
    const spec = join(folder, 'holdfast.yaml');
    await writeFile(spec, initSpec());
    const nowhere = join(folder, 'no', 'where');
    const taken = join(folder, 'taken');
    await mkdir(taken);
    const missing = `holdfast: ${nowhere} cannot be written: its folder does not exist\n`;
    for (const [args, err] of [
      [['init', nowhere], missing],
      [['schema', '--out', nowhere], missing],
      [['compile', spec, '--out', nowhere], missing],
      [['compile', spec, '--out', taken], `holdfast: ${taken} is a folder: name a file in it\n`],
    ] as const) {
      expect(await holdfast(...args)).toEqual({ code: 2, out: '', err });
    }
  });

  test('compile does not write over the spec', async () => {
    const spec = join(await temporaryFolder(), 'fleet.json');
    await writeFile(spec, '{"services":{"web":{}}}');
    const err = `holdfast: ${spec} is the spec, and is not overwritten: name another file\n`;
    expect(await holdfast('compile', spec, '--out', spec)).toEqual({ code: 2, out: '', err });
    expect(await readFile(spec, 'utf8')).toBe('{"services":{"web":{}}}');
  });

  test.each([
    ['--format', 'json', 'text'],
    ['--fail-on', 'warning', 'error'],
  ])('audit takes %s once', async (option, first, second) => {
    const { code, out, err } = await holdfast('audit', option, first, option, second);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('The option is there a second time');
    expect((await holdfast('audit', option, 'nothing')).err).toContain('Allowed choices are');
  });

  test.each(['compile', 'schema'])('%s writes nothing when --out is there twice', async (name) => {
    const folder = await temporaryFolder();
    const [spec, a, b] = ['spec.yaml', 'a.json', 'b.json'].map((file) => join(folder, file));
    await writeFile(spec!, 'services: { web: {} }');
    const args = name === 'compile' ? [name, spec!] : [name];
    const { code, out, err } = await holdfast(...args, '--out', a!, '--out', b!);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('The option is there a second time');
    expect(await readdir(folder)).toEqual(['spec.yaml']);
  });

  test('compile writes nothing for a spec that is wrong', async () => {
    const folder = await temporaryFolder();
    const [bad, out] = [join(folder, 'bad.yaml'), join(folder, 'bad.json')];
    await writeFile(bad, 'services: { web: { workerz: 1 } }');
    expect((await holdfast('compile', bad, '--out', out)).code).toBe(2);
    await expect(access(out)).rejects.toThrow('ENOENT');
  });
});
