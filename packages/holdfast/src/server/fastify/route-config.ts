import type { RouteOptions } from '../idempotency/http-idempotency.ts';
import { parseRouteOptions } from '../idempotency/options.ts';
import type { FastifyRouteConfig } from './types.ts';

const known = new WeakMap<FastifyRouteConfig, RouteOptions | null>();

/**
 * What a route says for itself; null for one that takes no part. Looked at with its first request, since a route may be
 * declared before the plugin is there.
 *
 * @throws TypeError, RangeError for what is no such configuration.
 */
export function routeOptionsOf(config: FastifyRouteConfig | undefined): RouteOptions | null {
  if (config === undefined) return null;
  const before = known.get(config);
  if (before !== undefined) return before;
  const options = parsed(config);
  known.set(config, options);
  return options;
}

function parsed(config: FastifyRouteConfig): RouteOptions | null {
  if (typeof config !== 'object' || config === null) {
    throw new TypeError('config.holdfast must be an object, such as { idempotent: true }');
  }
  const { idempotent = false, ...rest } = config;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new TypeError(`config.holdfast.${unknown} is not an option; known is idempotent`);
  }
  if (typeof idempotent !== 'boolean') {
    return parseRouteOptions(idempotent, 'config.holdfast.idempotent');
  }
  return idempotent ? {} : null;
}

/** The plugin's own, and what Fastify reads of any plugin's. */
const PLUGIN_OPTIONS = new Set(['idempotency', 'prefix', 'logLevel', 'logSerializers']);

/** @throws TypeError for a name that is none of the plugin's: a store in the wrong place would protect nothing. */
export function checkPluginOptions(options: object): void {
  const unknown = Object.keys(options).find((name) => !PLUGIN_OPTIONS.has(name));
  if (unknown !== undefined) {
    throw new TypeError(`holdfast.${unknown} is not an option; known is idempotency`);
  }
}
