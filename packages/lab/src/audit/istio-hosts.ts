import type { Fleet } from '../spec/model.ts';

/**
 * The fleet's service that a host names: by its whole name, else by its first DNS label, as in
 * `payments.shop.svc.cluster.local`. Null if there is none, and for wildcards.
 */
export function serviceOf(host: string, fleet: Fleet): string | null {
  const name = host.toLowerCase();
  const label = name.split('.', 1)[0]!;
  for (const wanted of [host, name, label]) if (fleet.services.has(wanted)) return wanted;
  for (const service of fleet.services.keys()) {
    const lower = service.toLowerCase();
    if (lower === name || lower === label) return service;
  }
  return null;
}

/** `*`, `*.shop.svc.cluster.local`: every service, as far as nothing says more of it. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}
