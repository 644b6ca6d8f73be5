/* For whom the http routes of a VirtualService are, as far as their matches say it. */
import { isRecord } from '../spec/problems.ts';
import type { Binding } from './istio-bindings.ts';
import { textsOf } from './istio-resources.ts';
import type { Field } from './k8s-fields.ts';

type Bound = Pick<Binding, 'mesh' | 'gateway' | 'exportedTo'>;

/**
 * A binding as a route narrows it. Its requests may all be taken before; its matches may name gateways, or `mesh`, or,
 * where they do not, the namespace of callers.
 */
export function narrowed(bound: Bound, reached: Reached | null): Bound {
  if (reached === null) return bound;
  const mesh = bound.mesh && reached.mesh;
  const gateway = bound.gateway && reached.gateway;
  const { exportedTo } = bound;
  const matches = reached.http.at('match').items();
  if (matches.length === 0) return { mesh, gateway, exportedTo };
  const inMesh = matches.filter((match) => isFor(match, (name) => name === 'mesh'));
  return {
    mesh: mesh && inMesh.length > 0,
    gateway: gateway && matches.some((match) => isFor(match, (name) => name !== 'mesh')),
    exportedTo: (caller) =>
      exportedTo(caller) && inMesh.some((match) => (sourceOf(match) ?? caller) === caller),
  };
}

/** Whether a match is for some of these gateways; one that names none is for all that have the VirtualService. */
function isFor(match: Field, isMeant: (gateway: string) => boolean): boolean {
  const named = gatewaysOf(match);
  return named.length === 0 || named.some(isMeant);
}

function gatewaysOf(match: Field): readonly string[] {
  return textsOf(match.at('gateways').value);
}

/** The namespace that a match asks of callers; null for any. */
function sourceOf(match: Field): string | null {
  const { value } = match.at('sourceNamespace');
  const isAsked = typeof value === 'string' && value !== '' && gatewaysOf(match).length === 0;
  return isAsked ? value : null;
}

/** An http route, and whose requests may come to it: a route before it may take all of them. */
export interface Reached extends Pick<Binding, 'mesh' | 'gateway'> {
  readonly http: Field;
}

/** The http routes of a VirtualService in their order. Istio leaves out what comes after one that takes every request. */
export function reachedInOrder(spec: Field): readonly Reached[] {
  let open = { mesh: true, gateway: true };
  return spec
    .at('http')
    .items()
    .map((http) => {
      const here = { http, ...open };
      open = { mesh: open.mesh && !takesAll(http, true), gateway: open.gateway && !takesAll(http) };
      return here;
    });
}

/** Whether any request may come to it. */
export function isReached({ mesh, gateway }: Reached): boolean {
  return mesh || gateway;
}

/** @param ofMesh whether requests of sidecars are meant; else of any gateway. */
function takesAll(http: Field, ofMesh = false): boolean {
  // What is delegated has further matches, and what has no action is refused.
  if (!ACTIONS.some((key) => http.at(key).given)) return false;
  const matches = http.at('match').items();
  if (matches.length === 0) return !isRecord(http.at('match').value);
  return matches.some((match) => {
    const gateways = gatewaysOf(match);
    return isOfAll(match) && (gateways.length === 0 || (ofMesh && gateways.includes('mesh')));
  });
}

const ACTIONS = ['route', 'redirect', 'directResponse'];

/** Beside these, whatever a match has is a condition. */
const NO_CONDITION: ReadonlySet<string> = new Set([
  'name',
  'uri',
  'ignoreUriCase',
  'gateways',
  'statPrefix',
]);

/** Whether a match has no condition but its gateways. */
function isOfAll(match: Field): boolean {
  if (!isRecord(match.value)) return false;
  const uri = match.at('uri');
  const anyPath = !uri.given || uri.at('prefix').value === '/' || uri.at('regex').value === '.*';
  return anyPath && Object.keys(match.value).every((key) => NO_CONDITION.has(key));
}

/** The methods of HTTP without effects (RFC 9110, 9.2.1), as one or several of them. */
const READS = /^\^?\(?(?:GET|HEAD|OPTIONS)(?:\|(?:GET|HEAD|OPTIONS))*\)?\$?$/;

/**
 * Whether each of these matches asks for a method that has no effect.
 *
 * @param matches of a VirtualService, or of an HTTPRoute, which states the method as a text.
 */
export function isForReads(matches: Field): boolean {
  const { value } = matches;
  if (!Array.isArray(value) || value.length === 0) return false;
  return matches.items().every((match) => {
    const method = match.at('method');
    const stated = method.value ?? null;
    const text = isRecord(stated) ? (stated['exact'] ?? stated['regex']) : stated;
    return typeof text === 'string' && READS.test(text);
  });
}
