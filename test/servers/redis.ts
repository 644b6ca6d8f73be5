import { findProgram, freePort, startProcess, temporaryFolder } from './process.ts';

/** How to start Redis (or Valkey). */
export interface RedisOptions {
  /** Default false: nothing is written to disk. */
  readonly appendonly?: boolean;
  /** Default `everysec`, as Redis has it. */
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  /** Like `32mb`. Default none. */
  readonly maxmemory?: string;
  /** Where it keeps its files. Default a folder that is removed when the test's process ends. */
  readonly dir?: string;
  /** Default a free one. */
  readonly port?: number;
  /** The port of the primary that this one is a replica of. Default none. */
  readonly replicaOf?: number;
  /** Further arguments, like `['--maxmemory-policy', 'noeviction']`. */
  readonly args?: readonly string[];
}

/** A Redis of the test's own, on 127.0.0.1. */
export interface RedisServer {
  readonly port: number;
  readonly dir: string;
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  /** By `SIGKILL`: nothing is flushed. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** By `SIGSTOP`: it accepts connections, as the kernel does, and answers nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** Starts it again after `kill` or `stop`, on the same port and folder. */
  restart(): Promise<void>;
}

/** Starts between which a free port may have been taken by another. */
const TRIES = 5;

/** Starts Redis, and waits until it accepts connections. Stop it when the test is done. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = findProgram({
    names: ['redis-server', 'valkey-server'],
    variable: 'HOLDFAST_REDIS_SERVER',
    install: 'redis-server (apt-get install redis-server, brew install redis)',
  });
  const dir = options.dir ?? temporaryFolder();
  const start = (port: number) =>
    startProcess({
      command: [program, ...argumentsOf(options, port, dir)],
      ready: /Ready to accept connections/,
      cwd: dir,
    });

  let port = 0;
  let server: Awaited<ReturnType<typeof start>> | undefined;
  for (let left = TRIES; server === undefined; left--) {
    port = options.port ?? (await freePort());
    try {
      server = await start(port);
    } catch (error) {
      const isTaken = String(error).includes('Address already in use');
      if (!isTaken || left === 1 || options.port !== undefined) throw error;
    }
  }
  let current = server;
  return {
    port,
    dir,
    url: `redis://127.0.0.1:${port}`,
    kill: () => current.kill(),
    stop: () => current.stop(),
    pause: () => current.pause(),
    resume: () => current.resume(),
    restart: async () => {
      current = await start(port);
    },
  };
}

function argumentsOf(options: RedisOptions, port: number, dir: string): string[] {
  const { appendonly = false, appendfsync = 'everysec', maxmemory, replicaOf, args = [] } = options;
  const settings: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    daemonize: 'no',
    save: '',
    appendonly: appendonly ? 'yes' : 'no',
    appendfsync,
    ...(maxmemory === undefined ? {} : { maxmemory }),
    ...(replicaOf === undefined ? {} : { replicaof: `127.0.0.1 ${replicaOf}` }),
  };
  return [...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), ...args];
}
