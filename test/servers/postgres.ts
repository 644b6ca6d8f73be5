import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram, startProcess, temporaryFolder } from './process.ts';
import { runServer, type Server } from './server.ts';

/** How to start PostgreSQL. */
export interface PostgresOptions {
  /** Default true, as PostgreSQL has it; false is faster, and loses data only when the machine fails. */
  readonly fsync?: boolean;
  /** Where it keeps its files: a new cluster, or one from before. Default a folder that is removed when the test's process ends. */
  readonly dir?: string;
  /** Default a free one. */
  readonly port?: number;
  /** Further settings, like `{ synchronous_commit: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL of the test's own; its URL is that of a superuser without a password. */
export type PostgresServer = Server;

const urlOf = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`;

/** Starts PostgreSQL, and waits until it accepts connections. Stop it when the test is done. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const programs = findPrograms();
  const dir = options.dir ?? temporaryFolder();
  const data = createCluster(programs, dir);
  const start = (port: number) =>
    startProcess({
      command: asUser(programs.postgres, ...argumentsOf(options, port, data)),
      ready: /ready to accept connections/,
      cwd: dir,
    });

  // SIGTERM would wait for clients to go.
  return runServer({ dir, port: options.port, start, urlOf, stopBy: 'SIGINT' });
}

interface Programs {
  readonly postgres: string;
  readonly initdb: string;
}

/** Debian keeps the programs of each version in a folder of its own, off the PATH. */
function findPrograms(): Programs {
  const versions = '/usr/lib/postgresql';
  const folders = existsSync(versions)
    ? readdirSync(versions)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, 'bin'))
    : [];
  const postgres = findProgram({
    names: ['postgres'],
    folders,
    variable: 'HOLDFAST_POSTGRES_BIN',
    install: 'postgresql (apt-get install postgresql, brew install postgresql)',
  });
  return { postgres, initdb: join(dirname(realpathSync(postgres)), 'initdb') };
}

/** The folder of the cluster, which is created if it is not there. */
function createCluster({ initdb }: Programs, dir: string): string {
  const data = join(dir, 'data');
  if (existsSync(join(data, 'PG_VERSION'))) return data;
  if (isRoot()) chownSync(dir, idOf('-u'), idOf('-g'));
  const flags = ['-A', 'trust', '-U', 'postgres', '--locale=C', '--encoding=UTF8', '--no-sync'];
  const [program, ...args] = asUser(initdb, '-D', data, ...flags);
  execFileSync(program, args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  return data;
}

function argumentsOf(options: PostgresOptions, port: number, data: string): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: options.fsync === false ? 'off' : 'on',
    ...options.settings,
  };
  return [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** PostgreSQL refuses to run as root; setpriv becomes the program, so that a signal reaches it. */
function asUser(...command: [string, ...string[]]): [string, ...string[]] {
  if (!isRoot()) return command;
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', ...command];
}

const isRoot = (): boolean => process.getuid?.() === 0;

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
