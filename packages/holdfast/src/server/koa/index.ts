export {
  type AnswerHead,
  type HttpIdempotencyOptions,
  type HttpKey,
  keepByStatus,
  type Problem,
  type ProblemCode,
  PROBLEMS,
  settle,
} from '../idempotency/http.ts';
export { idempotent, type KoaContextLike, type KoaMiddleware } from './koa.ts';
