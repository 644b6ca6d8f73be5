export {
  type AnswerHead,
  type HttpIdempotencyOptions,
  keepByStatus,
  type Problem,
  type ProblemCode,
  PROBLEMS,
} from '../idempotency/http.ts';
export {
  idempotent,
  type IdempotentListener,
  type IdempotentRequest,
  type Listener,
} from './node-http.ts';
