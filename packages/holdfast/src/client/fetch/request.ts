import { show } from '../../core/options.ts';
import type { Random } from '../../runtime/random.ts';
import { portOf } from './elsewhere.ts';

export type FetchInput = Parameters<typeof fetch>[0];
export type FetchInit = Parameters<typeof fetch>[1];
type GivenHeaders = ConstructorParameters<typeof Headers>[0];

const IDEMPOTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

export const IDEMPOTENCY_KEY = 'Idempotency-Key';

/** Whether repeating a request of this method does no harm (RFC 9110, §9.2.2). */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/**
 * `init` in a form that can be read for every attempt. A `Request` may have been given in its place, of
 * which `{ ...init }` would see nothing, and its headers may be an iterator, which runs only once.
 *
 * @throws TypeError for what is no object: `{ ...init }` would make one of it.
 */
export function rereadable(init: FetchInit): FetchInit {
  if (typeof init !== 'object' || init === null) {
    if (init === undefined || init === null) return init;
    throw new TypeError(`init must be an object, got ${show(init)}`);
  }
  const own = Object.getPrototypeOf(init) === Object.prototype ? init : membersOf(init);
  const { headers } = own;
  return typeof (headers as Partial<Iterator<unknown>> | undefined)?.next === 'function'
    ? { ...own, headers: [...(headers as Iterable<[string, string]>)] }
    : own;
}

/** All members that an object has and inherits. */
function membersOf(init: object): RequestInit {
  const members: Record<string, unknown> = {};
  for (const name in init) members[name] = init[name as keyof typeof init];
  return members;
}

/** A `Request` of whatever implementation; null for a URL. */
export function requestOf(input: FetchInput): Request | null {
  if (typeof input !== 'object' || input === null) return null;
  return 'method' in input && 'headers' in input ? input : null;
}

export function methodOf(request: Request | null, init: FetchInit): string {
  return (init?.method ?? request?.method ?? 'GET').toUpperCase();
}

/** The signal that fetch would heed. */
export function signalOf(request: Request | null, init: FetchInit): AbortSignal | null {
  return init?.signal === undefined ? (request?.signal ?? null) : init.signal;
}

/** The headers that fetch would send: those of `init` in place of the request's. */
export function headersOf(request: Request | null, init: FetchInit): GivenHeaders {
  return init?.headers ?? request?.headers;
}

/** One header's value, without making `Headers` of what may be a plain object. */
export function headerOf(headers: GivenHeaders, name: string): string | null {
  if (headers === undefined) return null;
  if (typeof (headers as Headers).get === 'function') return (headers as Headers).get(name);
  const wanted = name.toLowerCase();
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers);
  for (const [key, value] of entries as Iterable<readonly [string, unknown]>) {
    if (key.toLowerCase() === wanted) return String(value);
  }
  return null;
}

/** Where a request goes; null for what is no URL, or has no host. */
export function urlOf(input: FetchInput): URL | null {
  return URL.parse(String(requestOf(input)?.url ?? input));
}

/** Whether fetch would follow a redirect of this request. */
export function followsRedirects(request: Request | null, init: FetchInit): boolean {
  return (init?.redirect ?? request?.redirect ?? 'follow') === 'follow';
}

/** The host of a request with its port, and without. */
export function hostsOf(input: FetchInput): readonly string[] {
  const url = urlOf(input);
  return url === null ? [] : [`${url.hostname}:${portOf(url)}`, url.hostname];
}

/** A random UUID (RFC 9562, version 4). */
export function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random.next() * 16));
  hex[12] = 4;
  hex[16] = 8 + (hex[16]! & 3);
  return hex
    .map(
      (digit, at) =>
        (at === 8 || at === 12 || at === 16 || at === 20 ? '-' : '') + digit.toString(16),
    )
    .join('');
}
