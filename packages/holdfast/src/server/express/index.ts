export {
  type AnswerHead,
  type HttpIdempotencyOptions,
  keepByStatus,
  type Problem,
  type ProblemCode,
  PROBLEMS,
} from '../idempotency/http.ts';
export {
  type ExpressMiddleware,
  type ExpressRequestLike,
  idempotent,
  idempotentErrors,
} from './express.ts';
