import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const sources = new URL('../../packages/holdfast/src/', import.meta.url);

/** Milliseconds: long after this nobody would call it "at once", and a loaded machine still keeps it. */
export const AT_ONCE = 3000;
/** A process that lives longer, in milliseconds, is killed. */
const TOO_LONG = 150_000;

/** How a program ended, and how long after it said so it took to leave. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the last line that it printed to its exit. */
  readonly lingered: number;
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
  return runNode([...flags, '--input-type=module', '--eval', prologue + program], env);
}

const MEASURABLE = [
  '--expose-gc',
  // Code that is thrown away would hide what is not.
  '--no-flush-bytecode',
  // Young objects have room from the start: collecting them takes less of the time.
  '--min-semi-space-size=16',
];

/** Runs a program that is a file of this folder likewise, in production, its memory measurable. */
export function runFile(file: string, args: string[], flags: string[] = []): Promise<Ended> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return runNode([...MEASURABLE, ...flags, path, ...args], { NODE_ENV: 'production' });
}

function runNode(args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, ['--no-warnings', ...args], {
    cwd: fileURLToPath(sources),
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let spokeAt = performance.now();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    spokeAt = performance.now();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => child.kill('SIGKILL'), TOO_LONG);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(tooLong);
      resolve({ code, stdout, stderr, lingered: performance.now() - spokeAt });
    });
  });
}
