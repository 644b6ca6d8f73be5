/* What a DestinationRule's connectionPool bounds. Istio cannot tell 0 from what is not set, which is no bound. */
import type { Pool } from './layers.ts';
import { DURATION } from './istio-retries.ts';
import { type Field, goDuration } from './k8s-fields.ts';

/** What Istio sets where nobody says anything. */
export const NO_LIMIT = 2 ** 32 - 1;

/** What one pool says. */
export interface PoolRead {
  /** Retries at once; Infinity when nobody bounds them. */
  readonly maxRetries: number;
  readonly pool: Pool;
}

const POOL_HTTP = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'idleTimeout',
  'h2UpgradePolicy',
  'useClientProtocol',
  'maxConcurrentStreams',
];
const POOL_TCP = [
  'maxConnections',
  'connectTimeout',
  'tcpKeepalive',
  'maxConnectionDuration',
  'idleTimeout',
];

/** Null if there is no pool, which then inherits another's. One that leaves something out inherits nothing of it. */
export function readPool(pool: Field): PoolRead | null {
  if (!pool.isObject(['tcp', 'http'])) return null;
  const tcp = pool.at('tcp');
  const http = pool.at('http');
  if (tcp.isObject(POOL_TCP)) {
    for (const key of ['connectTimeout', 'maxConnectionDuration']) {
      tcp.at(key).duration(DURATION, goDuration);
    }
    checkDurationOrNone(tcp.at('idleTimeout'));
  }
  if (http.isObject(POOL_HTTP)) checkDurationOrNone(http.at('idleTimeout'));
  const connections = tcp.at('maxConnections');
  const requests = http.at('http2MaxRequests');
  const perConnection = bound(http.at('maxRequestsPerConnection'));
  return {
    maxRetries: bound(http.at('maxRetries'), -(2 ** 31)),
    pool: {
      requests: { most: bound(requests), place: requests.place },
      connections: { most: bound(connections), place: connections.place },
      // One that may have so many in all has no more at once.
      streams: Math.min(perConnection, bound(http.at('maxConcurrentStreams'))),
      pending: bound(http.at('http1MaxPendingRequests')),
    },
  };
}

/** What nothing bounds. */
export function noPool({ place }: Field): Pool {
  const none = { most: Infinity, place };
  return { requests: none, connections: none, streams: Infinity, pending: Infinity };
}

function bound(field: Field, least = 0): number {
  const stated = field.integer(least, NO_LIMIT);
  return stated === null || stated <= 0 ? Infinity : limited(stated);
}

/** These are switched off by 0s. */
export function checkDurationOrNone(field: Field): void {
  field.duration(`${DURATION}, or 0s for none`, (text) => goDuration(text, 0));
}

/** 2147483647, the largest of 32 bits with a sign, is what people write for no limit. */
export function limited(count: number): number {
  return count >= 2 ** 31 - 1 ? Infinity : count;
}
