export {
  type AnswerHead,
  type HttpIdempotency,
  httpIdempotency,
  type HttpIdempotencyOptions,
  type HttpKey,
  keepByStatus,
  type Problem,
  type ProblemCode,
  PROBLEMS,
  type RouteOptions,
  settle,
} from '../idempotency/http.ts';
export { idempotent, type HonoContextLike, type HonoMiddleware } from './hono.ts';
export { answerOnce, type FetchContext } from './fetch.ts';
