import type { Connection, Server } from './client.ts';

const TWICE = 'and what was done for them may be done again';

const UNTOLD =
  'It could not be told how this Redis is set up, since its user may not ask INFO: unless it has `appendonly yes`, ' +
  '`appendfsync always`, `maxmemory-policy noeviction` and no replicas, it may forget keys that were claimed or completed, ' +
  `${TWICE}.`;

/**
 * What of the servers' configuration endangers what the store promises, in whole sentences: of a
 * cluster's primaries together, each once.
 *
 * @throws (the promise rejects) when a server cannot be asked, or the cluster is not known yet.
 */
export async function warningsOf(connection: Connection): Promise<readonly string[]> {
  const servers = await connection.primaries();
  if (servers.length === 0) {
    throw new Error('the primaries of the Redis cluster are not known: connect its client first');
  }
  const warnings = await Promise.all(servers.map(warningsOfServer));
  return [...new Set(warnings.flat())];
}

async function warningsOfServer(server: Server): Promise<readonly string[]> {
  const info = await server.info();
  if (info === undefined) return [UNTOLD];
  // The one thing that INFO does not say, and that managed Redis often forbids to ask for.
  const fsync = await server.setting('appendfsync').catch(() => undefined);
  return [...persistence(info, fsync), ...eviction(info), ...replication(info)];
}

function persistence(info: string, fsync: string | undefined): readonly string[] {
  if (field(info, 'aof_enabled') !== '1') {
    return [
      `\`appendonly\` is off: a restart of Redis forgets keys that were claimed or completed, ${TWICE}. ` +
        'Set `appendonly yes` and `appendfsync always`.',
    ];
  }
  if (fsync === 'always') return [];
  if (fsync === undefined) {
    return [
      'It could not be told what `appendfsync` is, since this Redis does not let CONFIG GET be asked: ' +
        `unless it is \`always\`, a crash may forget the keys that were claimed or completed last, ${TWICE}.`,
    ];
  }
  const span = fsync === 'everysec' ? 'within the last second or two' : 'within the last minute';
  return [
    `\`appendfsync\` is \`${fsync}\`: a crash may forget keys that were claimed or completed ${span}, ` +
      `${TWICE}. Set \`appendfsync always\`.`,
  ];
}

/** Without a limit nothing is evicted; and every key of the store's may be, since each expires. */
function eviction(info: string): readonly string[] {
  const policy = field(info, 'maxmemory_policy');
  if (field(info, 'maxmemory') === '0' || policy === 'noeviction') return [];
  return [
    `\`maxmemory-policy\` is \`${policy}\`: when memory is short, Redis deletes keys before their time, ` +
      `${TWICE}. Set \`maxmemory-policy noeviction\`.`,
  ];
}

function replication(info: string): readonly string[] {
  if (field(info, 'role') === 'slave') {
    return ['This Redis is a replica, which takes no writes: connect to the primary.'];
  }
  if (Number(field(info, 'connected_slaves')) === 0) return [];
  // Said by INFO only where `min-replicas-to-write` is set.
  const waits = field(info, 'min_slaves_good_slaves') !== undefined;
  return [
    'Redis has replicas, which it does not wait for: after a failover, keys that were claimed or completed ' +
      `last may be unknown, ${TWICE}` +
      (waits ? ', which `min-replicas-to-write` makes rarer and does not prevent.' : '.'),
  ];
}

/** `name:value` of what INFO says. */
function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
}
