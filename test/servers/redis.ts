import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, startProcess, temporaryFolder } from './process.ts';
import { runServer, type Server } from './server.ts';

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

/** A Redis of the test's own. */
export type RedisServer = Server;

const urlOf = (port: number) => `redis://127.0.0.1:${port}`;

/** Starts Redis, and waits until it accepts connections. Stop it when the test is done. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = redisProgram();
  const dir = options.dir ?? temporaryFolder();
  const start = (port: number) =>
    startProcess({
      command: [program, ...argumentsOf(options, port, dir)],
      ready: /Ready to accept connections/,
      cwd: dir,
    });

  return runServer({ dir, port: options.port, start, urlOf });
}

/** Starts a Sentinel that watches a primary by the name `shop`, and decides alone. Stop it when the test is done. */
export async function startSentinel(primary: RedisServer): Promise<RedisServer> {
  const program = redisProgram();
  const dir = temporaryFolder();
  const start = (port: number) => {
    // It writes what it learns into its file.
    const file = join(dir, 'sentinel.conf');
    const watched = `sentinel monitor shop 127.0.0.1 ${primary.port} 1`;
    writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${dir}\n${watched}\n`);
    const command = [program, file, '--sentinel'] as const;
    return startProcess({ command, ready: /\+monitor master shop/, cwd: dir });
  };
  return runServer({ dir, port: undefined, start, urlOf });
}

function redisProgram(): string {
  return findProgram({
    names: ['redis-server', 'valkey-server'],
    variable: 'HOLDFAST_REDIS_SERVER',
    install: 'redis-server (apt-get install redis-server, brew install redis)',
  });
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
