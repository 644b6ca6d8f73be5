export {
  type AnswerHead,
  type HttpIdempotencyOptions,
  type HttpKey,
  keepByStatus,
  type Problem,
  type ProblemCode,
  PROBLEMS,
  type RouteOptions,
  settle,
} from '../idempotency/http.ts';
export {
  type FastifyIdempotencyOptions,
  holdfast,
  type HoldfastFastifyOptions,
  type HoldfastPlugin,
} from './fastify.ts';
export type { FastifyRouteConfig, RequestLike } from './types.ts';
