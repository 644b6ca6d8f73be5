import type { Result } from '../../core/edge.ts';
import { keepResult } from './results.ts';
import { stamp } from './stamp.ts';
import { type BodyLimits, type Bytes, WatchedBody } from './watched-body.ts';

const bodies = stamp<WatchedBody>();
/** By the prototype that a response had: the one that it gets, with other ways to the body. */
const prototypes = new WeakMap<Response, object>();
type Reading = 'arrayBuffer' | 'blob' | 'formData' | 'json' | 'text';

const decoder = new TextDecoder();

/**
 * Watches a response's body: see `WatchedBody`. The response stays the very object that fetch made, and
 * only its ways to the body are replaced. What other ways would cost, and why this one is taken:
 * docs/decisions/0008-watch-response-bodies-in-place.md.
 */
export function watchBody(
  response: Response,
  limits: BodyLimits,
  result: Result<unknown>,
  signal: AbortSignal | null,
): void {
  // Nothing could end the body, and nobody would hear of its end: there is nothing to watch.
  if (limits.idle === null && signal === null && limits.runtime.sink === null) return;
  let body = bodies.get(response);
  if (body === undefined) {
    const native = Object.getPrototypeOf(response) as Response;
    if (!isWatchable(native, response)) return;
    body = new WatchedBody(limits, result, () => nativeBody(native, response)!);
    Object.setPrototypeOf(response, prototypeOver(native));
    bodies.set(response, body);
  }
  // It may be watched already, by an inner resilientFetch: this signal ends it as well.
  if (signal !== null) body.endsWith(signal);
}

/**
 * Whether it is a response itself, by its class, and has a body to wait for. A proxy (a mock's, say) is
 * not: its methods reach past it to the response behind. It shows by methods of its own, or because
 * those of the class find no body in it.
 */
function isWatchable(native: Response, response: Response): boolean {
  if (!('body' in native) || !Object.isExtensible(response)) return false;
  try {
    const isItself = response.clone === native.clone;
    return isItself && typeof nativeBody(native, response)?.getReader === 'function';
  } catch {
    return false;
  }
}

function nativeBody(native: Response, response: Response): ReadableStream<Bytes> | null {
  return Reflect.get(native, 'body', response) as ReadableStream<Bytes> | null;
}

function prototypeOver(native: Response): object {
  let prototype = prototypes.get(native);
  if (prototype === undefined) {
    prototype = Object.setPrototypeOf(waysToBody(native), native) as object;
    prototypes.set(native, prototype);
  }
  return prototype;
}

function waysToBody(native: Response): Partial<Response> & ThisType<Response> {
  return {
    get body() {
      return bodies.get(this as Response)!.stream();
    },
    bytes() {
      return bytesOf(this, native, 'arrayBuffer');
    },
    async arrayBuffer() {
      return (await bytesOf(this, native, 'arrayBuffer')).buffer;
    },
    async text() {
      return decoder.decode(await bytesOf(this, native, 'text'));
    },
    async json() {
      return JSON.parse(decoder.decode(await bytesOf(this, native, 'json'))) as unknown;
    },
    async blob() {
      return reread(this, await bytesOf(this, native, 'blob')).blob();
    },
    async formData() {
      return reread(this, await bytesOf(this, native, 'formData')).formData();
    },
    clone() {
      const { isLocked, limits, result, signals } = bodies.get(this)!;
      if (isLocked) throw new TypeError('Response.clone: its body is locked');
      const copy = native.clone.call(this);
      keepResult(copy, result);
      watchBody(copy, limits, result, null);
      for (const signal of signals) watchBody(copy, limits, result, signal);
      return copy;
    },
  };
}

/** The whole of a watched body, for the method of that name. If the body is taken, it is refused as that method does. */
function bytesOf(response: Response, native: Response, method: Reading): Promise<Bytes> {
  const body = bodies.get(response)!;
  const isTaken = body.isLocked || (response.bodyUsed && !body.hasFailed);
  return isTaken ? refused(response, native, method) : body.bytes();
}

async function refused(response: Response, native: Response, method: Reading): Promise<never> {
  if (response.bodyUsed) await native[method].call(response);
  throw new TypeError('Body is unusable: it is locked');
}

/** A response of these bytes, to be read as its content type says. */
function reread({ headers }: Response, bytes: Bytes): Response {
  return new Response(bytes, { headers });
}
