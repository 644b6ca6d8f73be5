import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A server that a test has started. It ends with the test's process at the latest, however that ends. */
export interface ServerProcess {
  readonly pid: number;
  /** The end of what it has printed. */
  output(): string;
  /** It and its children stop where they are: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** `SIGKILL` to it and its children. Resolves once it has ended. */
  kill(): Promise<void>;
  /** Asks it to end, by `signal`, else `SIGTERM`; killed if it takes longer than 20 s. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** What to start. */
export interface ProcessOptions {
  /** The program with its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** What it prints, on stdout or stderr, once it can be used. */
  readonly ready: RegExp;
  readonly cwd: string;
}

/** Milliseconds after which a server that is not ready, or has not stopped, is killed. */
const TOO_LONG = 20_000;
/** Characters of a server's output that are kept. */
const KEPT = 8000;

/**
 * `$1` to the process `$2` and to its children, which may be in process groups of their own. It is stopped
 * first and told last: while it runs it has ever new children, and those that see it end do as they please.
 */
const SIGNAL =
  'kill -s STOP "$2"; while ps -o state= -p "$2" | grep -q "^[DIRSU]"; do :; done; ' +
  'kill -s "$1" $(cat "/proc/$2/task/$2/children" 2>/dev/null || pgrep -P "$2") "$2" 2>/dev/null';

/**
 * Starts a server and waits until it is ready.
 *
 * @throws (the promise rejects) with what it printed, if it ends or takes too long before that.
 */
export async function startProcess(options: ProcessOptions): Promise<ServerProcess> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const release = whenThisProcessEnds(SIGNAL, 'KILL', String(pid));
  void ended.then(release);

  const ready = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-KEPT);
        if (options.ready.test(printed)) resolve(true);
      });
    }
    void ended.then(() => resolve(false));
  });
  const signal = (name: string): void => {
    if (child.exitCode === null && child.signalCode === null) {
      spawnSync('sh', ['-c', SIGNAL, 'sh', name, String(pid)]);
    }
  };
  const kill = async (): Promise<void> => {
    signal('KILL');
    await ended;
  };
  // A server that is forgotten must not keep its test's process from ending.
  const hold = (held: boolean): void => {
    for (const handle of [child, child.stdout, child.stderr] as (ChildProcess | Socket)[]) {
      if (held) handle.ref();
      else handle.unref();
    }
  };
  if ((await within(TOO_LONG, ready)) !== true) {
    await kill();
    throw new Error(`${program} did not become ready. It said:\n${printed}`);
  }
  hold(false);
  return {
    pid,
    kill: () => {
      hold(true);
      return kill();
    },
    output: () => printed,
    pause: () => signal('STOP'),
    resume: () => signal('CONT'),
    stop: async (name = 'SIGTERM') => {
      hold(true);
      child.kill(name);
      signal('CONT');
      if ((await within(TOO_LONG, ended)) === 'too long') await kill();
    },
  };
}

/** An empty folder, which is removed when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  whenThisProcessEnds('rm -rf -- "$1"', folder);
  return folder;
}

/** A port of 127.0.0.1 on which nobody listens now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What to look for, and what to say if it is not there. */
export interface ProgramOptions {
  /** Looked for on the PATH, the first that is there. */
  readonly names: readonly string[];
  /** Looked into after the PATH. */
  readonly folders?: readonly string[];
  /** An environment variable that names the program instead. */
  readonly variable: string;
  /** What to install. */
  readonly install: string;
}

/**
 * The path of a program.
 *
 * @throws Error that says what to install. Tests that need it fail: one that was skipped proves nothing.
 */
export function findProgram({ names, folders = [], variable, install }: ProgramOptions): string {
  const chosen = process.env[variable];
  if (chosen) return chosen;
  const searched = [...(process.env['PATH'] ?? '').split(delimiter), ...folders];
  const found = names
    .flatMap((name) => searched.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `${names.join(' or ')} is not on the PATH. Install ${install}, or set ${variable} to the program.`,
  );
}

/**
 * Runs a shell script when this process ends, even if it is killed: the script waits for the end of a
 * pipe that only this process holds open. Answers a function that calls it off.
 */
function whenThisProcessEnds(script: string, ...args: string[]): () => void {
  const guard = spawn('sh', ['-c', `read -r _; ${script}`, 'sh', ...args], {
    // In a group of its own, which Ctrl+C does not reach.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  return () => guard.kill('SIGKILL');
}

async function within<T>(limit: number, promise: Promise<T>): Promise<T | 'too long'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'too long'>((resolve) => {
    timer = setTimeout(resolve, limit, 'too long');
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
