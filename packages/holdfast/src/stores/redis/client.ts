import { show } from '../../core/options.ts';
import type { Script } from './scripts.ts';

/** A client of ioredis or of node-redis (`redis`), also one of a cluster, or that asks Sentinels for its primary. */
export type RedisClient = Ioredis | IoredisCluster | NodeRedis | NodeRedisCluster;

/** What is used of an ioredis client. */
export interface Ioredis extends IoredisScripts {
  info(): Promise<unknown>;
  config(command: 'GET', name: string): Promise<unknown>;
}

/** What is used of an ioredis `Cluster`. */
export interface IoredisCluster extends IoredisScripts {
  info(): Promise<unknown>;
  nodes(role: 'master'): readonly Pick<Ioredis, 'config' | 'info'>[];
}

/** How ioredis sets a key, and runs scripts. */
export interface IoredisScripts {
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<unknown>;
  evalsha(sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** What is used of a node-redis client. */
export interface NodeRedis extends NodeRedisScripts {
  info(): Promise<unknown>;
  configGet(name: string): Promise<unknown>;
}

/** What is used of a node-redis cluster. */
export interface NodeRedisCluster extends NodeRedisScripts {
  readonly masters: readonly unknown[];
  /** A promise of the client of one of `masters`. */
  nodeClient(master: never): unknown;
}

/** How node-redis sets a key, and runs scripts. */
export interface NodeRedisScripts {
  set(key: string, value: string, options: { PX: number; NX: true }): Promise<unknown>;
  evalSha(sha: string, options: KeysAndArguments): Promise<unknown>;
  eval(script: string, options: KeysAndArguments): Promise<unknown>;
}

/** What node-redis hands to a script. */
export interface KeysAndArguments {
  keys: string[];
  arguments: string[];
}

/** One way to ask any client. */
export interface Connection {
  /** Sets a key for so many milliseconds if nobody has, by Redis' own command: `OK`, or null if somebody has. */
  setNew(key: string, value: string, milliseconds: number): Promise<unknown>;
  /** Runs a script by its digest; rejects with `NOSCRIPT` if Redis does not know it. */
  runKnown(script: Script, key: string, args: string[]): Promise<unknown>;
  /** Runs a script by its text, by which Redis then knows it. */
  run(script: Script, key: string, args: string[]): Promise<unknown>;
  /** Every server that takes writes: one, unless it is a cluster. */
  primaries(): Promise<readonly Server[]>;
}

/** A server, to be asked how it is configured. */
export interface Server {
  /** What `INFO` says; undefined if the server does not let it be asked. */
  info(): Promise<string | undefined>;
  /** A setting's value; undefined if the server has none of this name. */
  setting(name: string): Promise<string | undefined>;
}

/**
 * One way to ask any client.
 *
 * @throws TypeError if it is none.
 */
export function connectionOf(client: unknown, path: string): Connection {
  if (isLegacy(client)) {
    throw new TypeError(
      `${path} needs a client that answers by promises: not a legacy one, but the one that it was made of (in node-redis 4, its \`v4\`)`,
    );
  }
  if (has<IoredisScripts>(client, 'set', 'evalsha', 'eval')) {
    return {
      setNew: (key, value, milliseconds) => client.set(key, value, 'PX', milliseconds, 'NX'),
      runKnown: (script, key, args) => client.evalsha(script.sha, 1, key, ...args),
      run: (script, key, args) => client.eval(script.text, 1, key, ...args),
      primaries: async () => {
        const found = await ioredisPrimaries(client as Ioredis | IoredisCluster);
        return found.map(ioredisServer);
      },
    };
  }
  if (has<NodeRedisScripts>(client, 'set', 'evalSha', 'eval')) {
    return {
      setNew: (key, value, milliseconds) => client.set(key, value, { PX: milliseconds, NX: true }),
      runKnown: (script, key, args) => client.evalSha(script.sha, { keys: [key], arguments: args }),
      run: (script, key, args) => client.eval(script.text, { keys: [key], arguments: args }),
      primaries: async () => {
        const found = await nodeRedisPrimaries(client as NodeRedis | NodeRedisCluster);
        return found.map(nodeRedisServer);
      },
    };
  }
  throw new TypeError(
    `${path} needs a client or cluster of ioredis or of node-redis, got ${show(client)}`,
  );
}

/** Of node-redis, by `legacy()`, or `legacyMode` in version 4: it answers callbacks, and without them its errors end the process. */
function isLegacy(client: unknown): boolean {
  const { constructor, options } = (client ?? {}) as {
    constructor?: { name?: unknown };
    options?: { legacyMode?: unknown };
  };
  return constructor?.name === 'RedisLegacyClient' || options?.legacyMode === true;
}

async function ioredisPrimaries(client: Ioredis | IoredisCluster) {
  if (!has<IoredisCluster>(client, 'nodes')) return [client];
  // Before its first question it knows only the nodes that it was given.
  await ifAllowed(client.info());
  return client.nodes('master');
}

function ioredisServer(client: Pick<Ioredis, 'config' | 'info'>): Server {
  return {
    info: () => ifAllowed(client.info()),
    setting: async (name) => valueIn(await client.config('GET', name), name),
  };
}

async function nodeRedisPrimaries(client: NodeRedis | NodeRedisCluster) {
  if (!has<NodeRedisCluster>(client, 'nodeClient')) return [client];
  const { masters } = client;
  return await Promise.all(
    masters.map((node) => client.nodeClient(node as never) as Promise<NodeRedis>),
  );
}

function nodeRedisServer(client: NodeRedis): Server {
  return {
    info: () => ifAllowed(client.info()),
    setting: async (name) => valueIn(await client.configGet(name), name),
  };
}

/** Commands that are forbidden say so at once, and always: that is no outage. */
async function ifAllowed(reply: Promise<unknown>): Promise<string | undefined> {
  try {
    return String(await reply);
  } catch (error) {
    if (/^(NOPERM|ERR unknown command) /.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** `CONFIG GET` answers pairs in one list, an object or a map, as the protocol and the client have it. */
function valueIn(reply: unknown, name: string): string | undefined {
  const pairs: readonly unknown[] = Array.isArray(reply)
    ? reply
    : [...(reply instanceof Map ? reply : Object.entries(reply ?? {}))].flat();
  const value = pairs[pairs.findIndex((each) => String(each) === name) + 1];
  return value === undefined ? undefined : String(value);
}

function has<T>(client: unknown, ...methods: readonly (keyof T & string)[]): client is T {
  return (
    typeof client === 'object' &&
    client !== null &&
    methods.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  );
}
