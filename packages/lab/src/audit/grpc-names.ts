import type { Fleet } from '../spec/model.ts';
import type { Finding, Place } from './finding.ts';
import { meshFinding } from './mesh-findings.ts';

/** What a name of an entry stands for. */
export interface Named {
  /** gRPC's name of a service; null is the empty name, for every service. */
  readonly name: string | null;
  /** One of its methods only; the others have another entry, or that of the empty name. */
  readonly oneMethod: boolean;
  readonly place: Place;
}

/** One valid entry of `methodConfig`. */
export interface MethodConfig {
  /** What it holds for. */
  readonly services: readonly Named[];
  /** The first one included; 1 without a policy. */
  readonly maxAttempts: number;
  /** Attempts are sent beside one another, not after one another. */
  readonly hedges: boolean;
  /** Milliseconds for the whole call; Infinity without one. */
  readonly timeout: number;
  readonly backoff: (n: number) => number;
  readonly retryOn: readonly string[];
  readonly place: Place;
}

/**
 * The entries for each service of the fleet; under null, those for every service that no entry names,
 * which also hold for the other methods of a service of which only some are named.
 */
export function byService(
  configs: readonly MethodConfig[],
  fleet: Fleet,
  findings: Finding[],
): ReadonlyMap<string | null, readonly MethodConfig[]> {
  const found = new Map<string | null, MethodConfig[]>();
  const whole = new Set<string | null>();
  const told = new Set<string>();
  for (const config of configs) {
    for (const { name, oneMethod, place } of config.services) {
      const service = name === null ? null : serviceOf(name, fleet);
      if (service === null && name !== null) {
        // A config may name each method of a service: that the spec has no such service is said once.
        if (!told.has(name)) findings.push(unmatched(name, place));
        told.add(name);
        continue;
      }
      found.set(service, [...(found.get(service) ?? []), config]);
      if (!oneMethod) whole.add(service);
    }
  }
  const forAll = found.get(null) ?? [];
  for (const [service, own] of found) if (!whole.has(service)) own.push(...forAll);
  return found;
}

/** The entry with the most attempts, then with the longest timeout; null of none. */
export function worstMethod(configs: readonly MethodConfig[]): MethodConfig | null {
  const [worst] = configs.toSorted(
    (a, b) => b.maxAttempts - a.maxAttempts || (a.timeout > b.timeout ? -1 : 1),
  );
  return worst ?? null;
}

/**
 * The fleet's service that gRPC calls by this name: `shop.PaymentsService` is `payments`. Case, a
 * `Service` at the end and hyphens do not count, but a name that has them alike goes first.
 */
export function serviceOf(name: string, fleet: Fleet): string | null {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const names = [...fleet.services.keys()];
  return (
    names.find((service) => service === last) ??
    names.find((service) => plain(service) === plain(last)) ??
    names.find((service) => stem(service) === stem(last)) ??
    null
  );
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

function stem(name: string): string {
  return plain(name).replace(/(?<=.)service$/, '');
}

function unmatched(name: string, place: Place): Finding {
  return meshFinding('mesh-name-unmatched', {
    severity: 'info',
    message: `The gRPC service ${JSON.stringify(name)} is no service of the spec`,
    fix: 'Correct the name, or add the service to the spec: its name there is the last part of this one, with or without `Service`.',
    at: name,
    place,
  });
}
