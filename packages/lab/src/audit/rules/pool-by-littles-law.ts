/*
 * Certain, not likely: where no file says whether a connection has one request at a time (HTTP/1.1) or many
 * (HTTP/2), it counts with as many as a stated limit lets it have.
 */
import { callsOf } from '../../spec/edges.ts';
import type { Edge, Service } from '../../spec/model.ts';
import type { Pool } from '../layers.ts';
import { callsOverAll } from '../load.ts';
import { amount, amounts, type Audited, type Fault, ms, namesOf, type Rule } from './rule.ts';

/** Of a sidecar that nobody gave more or fewer. Each has at least one connection to each replica. */
const THREADS = 2;

export const poolByLittlesLaw: Rule = {
  id: 'pool-by-littles-law',
  severity: 'warning',
  looksFor:
    "A sidecar's connection pool that lets fewer requests through than are usually in flight",
  why: "By Little's law, (calls a second) x (seconds a call) are in flight when all is well. If the pool lets fewer through, the sidecar refuses the others with 503 (UO), or lets them wait until they time out, although the callee could serve them.",
  counts: 'time',
  check: (audited) =>
    [...audited.fleet.services.values()].flatMap((caller) =>
      [...Map.groupBy(callsOf(caller), ({ to }) => to).values()].flatMap(
        (edges) => faultOf(edges, caller, audited) ?? [],
      ),
    ),
};

/** @param edges all calls of one caller to one callee: they go through the same sidecar. */
function faultOf(edges: readonly Edge[], caller: Service, audited: Audited): Fault | null {
  const [edge] = edges as [Edge];
  const { load, layersOf, fleet } = audited;
  const pools = layersOf(edge).find((layer) => layer.pools.length > 0)?.pools ?? [];
  const callee = fleet.services.get(edge.to);
  const rate = callsOverAll(edges, load) / caller.replicas;
  if (callee === undefined || pools.length === 0 || rate === 0) return null;
  const time =
    edges.reduce((all, one) => all + load.callsOver(one) * load.attemptTime(one), 0) /
    callsOverAll(edges, load);
  const need = (rate * time) / 1000;
  // What the callee cannot serve is turned away with good reason.
  const served = need * Math.min(1, load.capacityOf(callee) / load.rateOf(edge.to));
  const most = pools.reduce((all, pool) => all + letThrough(pool, callee), 0);
  if (most >= Math.min(served, bulkheadsOf(edges, audited))) return null;
  const [inFlight, through] = amounts(need, most);
  const [narrowest] = pools.toSorted((a, b) => letThrough(a, callee) - letThrough(b, callee)) as [
    Pool,
  ];
  const isOne = pools.length === 1;
  const only = isOne
    ? 'its sidecar lets only'
    : `the ${pools.length} connection pools of its sidecar let only`;
  const rules = isOne
    ? `DestinationRule of ${edge.to}`
    : `DestinationRules of ${edge.to}, and of other hosts that its routes lead to`;
  return {
    at: edge.id,
    place: (isByRequests(narrowest, callee) ? narrowest.requests : narrowest.connections).place,
    message: `${namesOf(edges)}: each replica makes ${amount(rate)} calls a second that take ${ms(time)} each, so ${inFlight} are in flight at once, but ${only} ${through} through: ${limitText(narrowest, callee, isOne)}`,
    fix: `In the ${rules}, set ${widerThan(narrowest, Math.ceil(2 * need))}${isOne ? '' : ' for each subset and port'}; or add replicas of ${caller.name}.`,
    value: need,
  };
}

/** Calls that the library itself has in flight, at most: of those beyond that its own rule speaks. */
function bulkheadsOf(edges: readonly Edge[], { sharingOf }: Audited): number {
  const sharings = new Set(edges.map(sharingOf));
  return Array.from(sharings, ([{ policy }]) => policy.bulkhead?.maxConcurrent ?? Infinity).reduce(
    (all, one) => all + one,
    0,
  );
}

function letThrough(pool: Pool, callee: Service): number {
  return Math.min(pool.requests.most, overConnections(pool, callee));
}

function overConnections({ connections, streams }: Pool, { replicas }: Service): number {
  return (connections.most + THREADS * replicas) * streams;
}

function isByRequests(pool: Pool, callee: Service): boolean {
  return pool.requests.most <= overConnections(pool, callee);
}

/** What bounds them, and what becomes of the others. */
function limitText(pool: Pool, callee: Service, isOne: boolean): string {
  const { requests, connections, streams, pending } = pool;
  const of = isOne ? '' : 'of the narrowest, ';
  const refused = 'the others are refused with 503 (UO)';
  if (isByRequests(pool, callee))
    return `${of}http2MaxRequests is ${requests.most}, and ${refused}`;
  const besides = THREADS * callee.replicas;
  const each = streams === 1 ? 'one request' : `${streams} requests`;
  const others =
    pending === Infinity
      ? 'the others wait there, ever longer'
      : `${refused} once http1MaxPendingRequests (${pending}) are waiting`;
  return `${of}maxConnections is ${connections.most}, a connection has at most ${each}, ${besides} more are there for ${THREADS} threads and each replica, and ${others}`;
}

function widerThan({ requests, connections, streams }: Pool, enough: number): string {
  return [
    ...(connections.most * streams < enough
      ? [`\`tcp.maxConnections: ${Math.ceil(enough / streams)}\``]
      : []),
    ...(requests.most < enough ? [`\`http.http2MaxRequests: ${enough}\``] : []),
  ].join(' and ');
}
