import type { RouteOptions } from '../idempotency/http.ts';
import { parseRouteOptions } from '../idempotency/options.ts';
import type { ExecutionContextLike } from './types.ts';

/** Marks handlers, by reflect-metadata, which Nest loads: so wrappers that copy metadata keep the mark. */
const MARK = 'holdfast:idempotent';

// Nest's own names, which its decorators leave on a handler and on its class.
const SSE = '__sse__';
const ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
const RESPONSE_OR_NEXT = /^[12]:/;
const PATH = 'path';

/** A method that was marked, where it was found; of a class that was, the class. */
interface Marked {
  readonly target: object;
  readonly property: string | symbol | undefined;
  readonly marked: object;
}

/** Those since interceptors looked for the ones that they are never asked for. */
let unseen: Marked[] = [];

/** What reflect-metadata adds. */
interface Metadata {
  defineMetadata?(name: string, value: unknown, target: object): void;
  getMetadata?(name: string, target: object, property?: string): unknown;
}

const metadata = Reflect as Metadata;

/** Of a class or of a method; in legacy TypeScript, as Nest needs it. */
export type IdempotentDecorator = (
  target: object,
  property?: string | symbol,
  descriptor?: { readonly value?: unknown },
) => void;

/**
 * The handler, or each of the class's, happens once for each key, where an interceptor of Holdfast's is in
 * front. Its options win over the interceptor's.
 *
 * ```ts
 * @Idempotent({ required: true })
 * @Post('charge')
 * charge(@Body() order: Order) { ... }
 * ```
 *
 * @throws TypeError, RangeError for wrong options; TypeError for a property that is no method, or without
 *   reflect-metadata; (when the application starts) TypeError for a method without a route, and for a class of which no
 *   method has one.
 */
export function Idempotent(given?: RouteOptions): IdempotentDecorator {
  const options = parseRouteOptions(given, '@Idempotent()');
  return (target, property, descriptor) => {
    const marked = property === undefined ? target : descriptor?.value;
    if (typeof marked !== 'function') {
      throw new TypeError(`@Idempotent() is for classes and methods, not for ${String(property)}`);
    }
    if (metadata.defineMetadata === undefined) {
      throw new TypeError("@Idempotent() needs reflect-metadata: import '@nestjs/common' first");
    }
    metadata.defineMetadata(MARK, options, marked);
    unseen.push({ target, property, marked });
  };
}

/**
 * To be called when an application starts, and all decorators have run. What Nest calls otherwise than by a route, such as
 * handlers of messages, events and jobs, it often asks no interceptor for, and whoever has marked it would believe it
 * protected.
 *
 * @throws TypeError for a marked method without a route, or a marked class of which no method has one.
 */
export function refuseUnasked(): void {
  const all = unseen;
  unseen = [];
  for (const { target, property, marked } of all) {
    if (property === undefined) {
      if (Array.from(methodsOf(marked)).some(([, value]) => hasRoute(value))) continue;
      const { name } = marked as { readonly name: string };
      throw new TypeError(
        `@Idempotent() on ${name}: none of its methods has a route; ${INSTEAD}, or mark the controllers that extend it`,
      );
    }
    // Another decorator may have put a function around it, which has the route then.
    const now: unknown = Object.getOwnPropertyDescriptor(target, property)?.value;
    if (hasRoute(marked) || hasRoute(now)) continue;
    const name = `${target.constructor.name}.${String(property)}`;
    throw new TypeError(`@Idempotent() on ${name}: it has no route; ${INSTEAD}`);
  }
}

function hasRoute(value: unknown): boolean {
  return typeof value === 'function' && metadata.getMetadata?.(PATH, value) !== undefined;
}

/** The methods of a class and of those that it extends, by name; undefined for a getter, which is not run. */
function* methodsOf(owner: object): Generator<readonly [name: string, value: unknown]> {
  const { prototype = null } = owner as { readonly prototype?: object | null };
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      // The class itself, which has the path of its controller.
      if (name !== 'constructor') yield [name, value];
    }
  }
}

const INSTEAD = 'use idempotent(key, work) of the engine';

/** What is said of a handler that something else calls. */
export function notByHttp(name: string, caller: string): string {
  return `@Idempotent() on ${name}: it is called by ${caller}, not by HTTP; ${INSTEAD}`;
}

/** What a handler's decorators say. */
export interface Marks {
  /** Of the method. */
  readonly name: string;
  /** Of the handler, else of its class; undefined for neither. */
  readonly options: RouteOptions | undefined;
  /** The handler itself was marked. */
  readonly isOwn: boolean;
  readonly isSse: boolean;
  /** It has `@Res()` or `@Next()`, without `passthrough`: Nest leaves the answer to it. */
  readonly answersItself: boolean;
}

export function marksOf(context: ExecutionContextLike): Marks {
  const read = metadata.getMetadata?.bind(metadata) ?? (() => undefined);
  const [owner, handler] = [context.getClass(), context.getHandler()];
  const own = read(MARK, handler) as RouteOptions | undefined;
  const name = nameOf(owner, handler);
  const given = (read(ARGUMENTS, owner, name) ?? {}) as object;
  return {
    name,
    options: own ?? (read(MARK, owner) as RouteOptions | undefined),
    isOwn: own !== undefined,
    isSse: Boolean(read(SSE, handler)),
    answersItself:
      Object.keys(given).some((parameter) => RESPONSE_OR_NEXT.test(parameter)) &&
      !read(PASSTHROUGH, owner, name),
  };
}

/** By which its class has it, and Nest knows it: a function that a decorator has put there has mostly another, or none. */
function nameOf(owner: object, handler: { readonly name: string }): string {
  const { prototype = {} } = owner as { readonly prototype?: object };
  // Not by reading it, which might run a getter.
  const own = Object.getOwnPropertyDescriptor(prototype, handler.name);
  if (own?.value === handler) return handler.name;
  for (const [name, value] of methodsOf(owner)) if (value === handler) return name;
  return handler.name;
}
