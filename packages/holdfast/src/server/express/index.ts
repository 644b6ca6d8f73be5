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
export {
  type ExpressMiddleware,
  type ExpressRequestLike,
  idempotent,
  idempotentErrors,
} from './express.ts';
