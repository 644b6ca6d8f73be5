import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { holdfast } from '../../test/command.ts';
import { temporaryFolder } from '../../test/folder.ts';

const COMMANDS = ['init', 'schema', 'compile', 'audit', 'explain', 'simulate'];

describe('the command', () => {
  test('explains itself and its exit codes, and ends with 0', async () => {
    const help = await holdfast('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const name of COMMANDS) expect(help.out).toContain(`  ${name} `);
    for (const name of COMMANDS) {
      expect((await holdfast(name, '--help')).out).toMatch(/^ {2}2 {2}it could not be judged/m);
    }
  });

  test('help is that of a command, and of an unknown one an error in one line', async () => {
    const { code, out, err } = await holdfast('help', 'audit');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe((await holdfast('audit', '--help')).out);
    expect((await holdfast('help')).out).toBe((await holdfast('--help')).out);
    const unknown = `holdfast: "adit" is no command; did you mean 'audit'?\n`;
    expect(await holdfast('help', 'adit')).toEqual({ code: 2, out: '', err: unknown });
  });

  test('knows its version, which is that of the package', async () => {
    const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(file) as { version: string };
    for (const option of ['--version', '-V']) {
      expect(await holdfast(option)).toEqual({ code: 0, out: `${version}\n`, err: '' });
    }
  });
});

describe.skipIf(process.platform !== 'linux')('the program', () => {
  test('ends with 2, in one line, when its output cannot be written', async () => {
    const bin = await readFile(new URL('../../bin/holdfast.js', import.meta.url), 'utf8');
    const program = join(await temporaryFolder(), 'holdfast.mjs');
    const source = new URL('main.ts', import.meta.url).href;
    await writeFile(program, bin.replace('../dist/cli/main.js', source));
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    const run = spawnSync(process.execPath, [program, 'schema'], {
      stdio: ['ignore', full, 'pipe'],
    });
    expect(String(run.stderr)).toMatch(/^holdfast: stdout: ENOSPC.*\n$/);
    expect(run.status).toBe(2);
  });
});

describe('every command', () => {
  test.each([
    [['destroy'], "holdfast: unknown command 'destroy'"],
    ...COMMANDS.map((name) => [[name, '--frobnicate'], "holdfast: unknown option '--frobnicate'"]),
    ...['compile', 'audit', 'explain', 'simulate'].map((name) => [
      [name, 'a', 'b'],
      'holdfast: too many',
    ]),
  ] as [string[], string][])('%j: wrong arguments are 2, in one line', async (args, why) => {
    const { code, out, err } = await holdfast(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^[^\n]+\n$/);
    expect(err.startsWith(why)).toBe(true);
  });

  test.each([
    ['adit', "holdfast: unknown command 'adit' (Did you mean audit?)\n"],
    ['audit --fromat json', "holdfast: unknown option '--fromat' (Did you mean --format?)\n"],
  ])('a misspelt word is one line too: %s', async (words, err) => {
    expect(await holdfast(...words.split(' '))).toEqual({ code: 2, out: '', err });
  });

  test.each(['audit', 'simulate'])(
    '%s: colours are on and off as the terminal says',
    async (name) => {
      const spec = join(await temporaryFolder(), 'holdfast.yaml');
      await writeFile(
        spec,
        `services: { web: { calls: [{ to: db, optional: true }] }, db: {} }
users: { shoppers: { to: web, rate: 10 } }
scenarios: { calm: { duration: 5s } }\n`,
      );
      onTestFinished(() => void vi.unstubAllEnvs());
      vi.stubEnv('NO_COLOR', '');
      vi.stubEnv('FORCE_COLOR', '1');
      expect((await holdfast(name, spec)).out).toContain('\u001b[');
      vi.stubEnv('NO_COLOR', '1');
      expect((await holdfast(name, spec)).out).not.toContain('\u001b[');
    },
  );

  test.each(['compile', 'audit', 'simulate'])(
    '%s: a spec that cannot be read or used is 2, each line with the prefix',
    async (name) => {
      const folder = await temporaryFolder();
      const missing = join(folder, 'none.yaml');
      expect(await holdfast(name, missing)).toEqual({
        code: 2,
        out: '',
        err: `holdfast: ${missing} does not exist; \`holdfast init\` writes a spec to start from\n`,
      });
      const bad = join(folder, 'bad.yaml');
      await writeFile(bad, 'services: { web: { workerz: 1, replicaz: 2 } }');
      expect(await holdfast(name, bad)).toEqual({
        code: 2,
        out: '',
        err:
          `holdfast: ${bad}:1:20 services.web.workerz is not an option; did you mean 'workers'?\n` +
          `holdfast: ${bad}:1:32 services.web.replicaz is not an option; did you mean 'replicas'?\n`,
      });
    },
  );
});
