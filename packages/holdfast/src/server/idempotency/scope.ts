import { originForm } from './request-fingerprint.ts';

/** Of whom a key is: method and route, and a tenant where there are several. */
export function scopeOf(method: string, given: string, tenant?: string): readonly string[] {
  const route = originForm(given);
  return tenant === undefined ? ['http', method, route] : ['http', method, route, tenant];
}
