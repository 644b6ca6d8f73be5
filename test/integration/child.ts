import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const sources = new URL('../../packages/holdfast/src/', import.meta.url);

/** How a program ended, and how long after it said so it took to leave. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the last line that it printed to its exit. */
  readonly lingered: number;
  /** Milliseconds from its start to its exit. */
  readonly lived: number;
}

/**
 * Runs a program that uses Holdfast in a process of its own. `holdfast` and `testing` are imported
 * for it.
 */
export function runProgram(program: string, flags: string[] = [], env = {}): Promise<Ended> {
  const prologue = `
    import * as holdfast from ${JSON.stringify(new URL('index.ts', sources).href)};
    import * as testing from ${JSON.stringify(new URL('testing/index.ts', sources).href)};
  `;
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [...flags, '--no-warnings', '--input-type=module', '--eval', prologue + program],
    {
      cwd: fileURLToPath(sources),
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  let spokeAt = startedAt;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    spokeAt = performance.now();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(tooLong);
      const now = performance.now();
      resolve({ code, stdout, stderr, lingered: now - spokeAt, lived: now - startedAt });
    });
  });
}
