import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll } from 'vitest';
import type { ClaimRequest } from '../src/idempotency/store.ts';

/** A folder for the databases of a test file, removed when its tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A claim of a key by a token of its own. */
export const request = (id: string, overrides: Partial<ClaimRequest> = {}): ClaimRequest => ({
  id,
  token: `of-${id}`,
  fingerprint: 'f',
  lease: 60_000,
  retention: 60_000,
  expired: 'refuse',
  ...overrides,
});

/** A claim of the same key by another. */
export const rival = (id: string): ClaimRequest => request(id, { token: 'rival' });

/** A process that has a store of its own. */
export type StoreProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const source = new URL('../src/stores/sqlite/sqlite.ts', import.meta.url).href;
const PROLOGUE = `
  const { sqliteStore } = await import(${JSON.stringify(source)});
  const [path, name] = process.argv.slice(1);
  const store = sqliteStore({ path, busyTimeout: '30s' });
  const request = (id) => ({
    id, token: name + '-of-' + id, fingerprint: 'f', lease: 60_000, retention: 60_000, expired: 'refuse',
  });
`;

/** Runs a program that finds `store`, `request` and its own `name`. It must be ended, or end by itself. */
export function startStore(
  program: string,
  path: string,
  name: string,
  flags: readonly string[] = [],
): StoreProcess {
  const args = ['--no-warnings', ...flags, '--input-type=module', '--eval', PROLOGUE + program];
  const child = spawn(process.execPath, [...args, path, name], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  return child;
}

/** All that it prints until it ends. */
export async function outputOf(child: StoreProcess): Promise<string> {
  let output = '';
  let complaints = '';
  child.stdout.on('data', (text: string) => (output += text));
  child.stderr.on('data', (text: string) => (complaints += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0 && code !== null) throw new Error(`it ended with ${code}: ${complaints}`);
  return output;
}
