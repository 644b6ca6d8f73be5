export {
  type AnswerHead,
  type HttpIdempotencyOptions,
  keepByStatus,
  type Problem,
  type ProblemCode,
  PROBLEMS,
} from '../idempotency/http.ts';
export { idempotent, type KoaContextLike, type KoaMiddleware } from './koa.ts';
