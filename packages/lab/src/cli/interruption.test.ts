import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../test/folder.ts';

/** A day of a thousand requests a second: nobody waits for its end. */
const LONG = `
services: { web: {} }
users: { shoppers: { to: web, rate: 1000 } }
scenarios: { day: { duration: 24h } }
`;

/** The command in a process of its own, which takes its stderr for a terminal. */
const COMMAND = `
const { main } = await import(${JSON.stringify(new URL('main.ts', import.meta.url).href)});
process.stderr.isTTY = true;
process.exitCode = await main(process.argv.slice(2));
`;

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s ends a simulation with %i, takes the bar away and writes no report',
  async (signal, code) => {
    const folder = await temporaryFolder();
    const spec = join(folder, 'holdfast.yaml');
    await writeFile(spec, LONG);
    const command = join(await temporaryFolder(), 'command.mjs');
    await writeFile(command, COMMAND);
    const args = ['simulate', spec, '--out', join(folder, 'report.html')];
    const child = spawn(process.execPath, [command, ...args]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const out = text(child.stdout);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      // A bar is there: the workers are at it.
      if (!err.includes('%') && more.includes('%')) child.kill(signal);
      err += more;
    });
    expect(await ended).toEqual([code, null]);
    expect(await out).toBe('seed 1\n');
    expect(err.slice(err.lastIndexOf('\r'))).toBe(`\r\u001b[2Kholdfast: ended by ${signal}\n`);
    expect(await readdir(folder)).toEqual(['holdfast.yaml']);
  },
  30_000,
);
