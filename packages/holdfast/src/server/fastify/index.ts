export {
  type FastifyIdempotencyOptions,
  holdfast,
  type HoldfastFastifyOptions,
  type HoldfastPlugin,
} from './fastify.ts';
export type { FastifyRouteConfig, RequestLike } from './types.ts';
