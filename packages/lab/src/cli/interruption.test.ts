import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
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

/** Gets the signal as soon as it writes. */
const WRITER = `
const [folder, signal] = process.argv.slice(2);
const { writeAll } = await import(${JSON.stringify(new URL('write.ts', import.meta.url).href)});
const written = writeAll([[folder + '/a', 'a'.repeat(2_000_000)], [folder + '/b', 'b']]);
process.kill(process.pid, signal);
await written.catch((error) => console.log(error.message, error.exitCode));
`;

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s waits for files that are being written: none is left half-written',
  async (signal, code) => {
    const folder = await temporaryFolder();
    const writer = join(await temporaryFolder(), 'writer.mjs');
    await writeFile(writer, WRITER);
    const child = spawn(process.execPath, [writer, folder, signal]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    expect(await text(child.stdout)).toBe(`ended by ${signal} ${code}\n`);
    expect(await ended).toEqual([0, null]);
    expect((await readFile(join(folder, 'a'))).length).toBe(2_000_000);
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('b');
  },
);
