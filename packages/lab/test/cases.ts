/** A fleet of one call, `web > stock`, for the tests of the audit's rules. */
import { audit, type AuditReport } from '../src/audit/audit.ts';
import type { Finding, Place } from '../src/audit/finding.ts';
import type { Layer, Pool, Repeats } from '../src/audit/layers.ts';
import { fleetOf } from '../src/spec/fleet.ts';
import type { SpecPath } from '../src/spec/model.ts';

/** What a spec holds before it is checked. */
export type Json = Record<string, unknown>;

/** Keeps the path: nothing is written anywhere. */
export const placeOf = (path: SpecPath): Place => ({ file: 'spec.yaml', line: 1, column: 1, path });

/** A caller, a callee and users: what nothing is wrong with, until a case changes it. */
export interface Case {
  /** Options of the one call, `web > stock`. */
  readonly policy?: Json | string;
  readonly call?: Json;
  readonly web?: Json;
  readonly stock?: Json;
  readonly services?: Json;
  readonly users?: Json;
  readonly layers?: readonly Layer[];
}

function specOf({ policy, call, web, stock, services, users }: Case): Json {
  const toStock = { to: 'stock', ...(policy === undefined ? {} : { policy }), ...call };
  return {
    name: 'case',
    services: { web: { calls: [toStock], ...web }, stock: { ...stock }, ...services },
    users: { shoppers: { to: 'web', rate: 20, ...users } },
  };
}

/** What the audit finds in it. */
export function found(given: Case): readonly Finding[] {
  return audit(fleetOf(specOf(given)), { layers: given.layers ?? [], placeOf }).findings;
}

/** A layer of `web > stock` that does nothing, until a case changes it. */
export function layer(given: Partial<Layer>): Layer {
  const repeats: Repeats = {
    maxAttempts: 1,
    hedges: false,
    retryOn: ['connect-failure'],
    implicit: false,
    ...given,
  };
  return {
    ...repeats,
    ways: [repeats],
    isLimited: Math.min(given.perTry ?? Infinity, given.timeout ?? Infinity) < Infinity,
    kind: 'sidecar',
    from: 'web',
    to: 'stock',
    edge: null,
    perTry: Infinity,
    timeout: Infinity,
    backoff: () => 0,
    extraShare: Infinity,
    earnedBySuccess: false,
    concurrentFloor: 0,
    pools: [],
    place: placeOf([]),
    ...given,
  };
}

/** One whose sidecar lets so many requests through at once. */
export function pooled(most: number): Layer {
  return layer({ pools: [pool({ requests: { most, place: placeOf(['pool']) } })] });
}

/** A pool that bounds nothing, until a case changes it. */
export function pool(given: Partial<Pool>): Pool {
  const none = { most: Infinity, place: placeOf(['pool']) };
  return { requests: none, connections: none, streams: Infinity, pending: Infinity, ...given };
}

/** The finding of one rule, if there is one. */
export function rule(id: string, given: Case): Finding | undefined {
  return found(given).find((finding) => finding.rule === id);
}

/** Nothing but a mesh's retries. */
export function mesh(given: Partial<Layer>): Case {
  return { policy: 'none', layers: [layer({ maxAttempts: 3, ...given })] };
}

/** A report with one error (a probe) and one warning (no jitter), beside what is given. */
export function reportOf(
  accept: readonly Json[] = [],
  findings: readonly Finding[] = [],
): AuditReport {
  const fleet = fleetOf({
    name: 'two',
    services: {
      web: {
        livenessAsks: ['stock'],
        calls: [{ to: 'stock', policy: { retry: { backoff: { jitter: 'none' } } } }],
      },
      stock: {},
    },
    users: { shoppers: { to: 'web', rate: 20 } },
    accept,
  });
  return audit(fleet, { placeOf, findings });
}
