/*
 * What a host says by its form, as Istio reads it: `payments` is in the namespace of the resource that
 * says it, `payments.shop.svc.cluster.local` in `shop`, all others are names of the world outside.
 */
import type { Place } from './finding.ts';

/** A host, who says it, and where. */
export interface Host {
  readonly text: string;
  /** Of the resource that says it; null if that does not say. */
  readonly namespace: string | null;
  readonly place: Place;
}

/** `payments.shop.svc.cluster.local`; a cluster may have another domain. */
export const IN_CLUSTER = /^([^.]+)\.([^.]+)\.svc\../;

/** The whole name of a service, without the cluster's domain, which no resource says. */
export function inCluster(name: string, namespace: string): string {
  return `${name}.${namespace}.svc`;
}

/** The namespace that a service's own name says: `payments.shop` is in `shop`. */
export function namespaceIn(service: string): string | null {
  const labels = service.toLowerCase().split('.');
  return labels.length === 2 ? labels[1]! : null;
}

/** Whether a host is a name of the world outside, where any service may have any name: its routes say which one it is. */
export function isPublic(host: string): boolean {
  return host === '*' || (host.includes('.') && !IN_CLUSTER.test(host));
}

/** `*`, `*.shop.svc.cluster.local`: every service whose name ends like that, unless something says more of it. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}
