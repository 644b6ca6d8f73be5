export {
  type AnswerHead,
  type HandlerAnswer,
  type HttpAnswer,
  type HttpBegun,
  type HttpIdempotency,
  httpIdempotency,
  type HttpRequest,
  type HttpRun,
  type RequestBody,
  type RouteOptions,
} from './http-idempotency.ts';
export { type HttpIdempotencyOptions, keepByStatus } from './options.ts';
export { type Problem, type ProblemCode, PROBLEMS } from './problems.ts';
export { type HttpKey, settle } from './settle.ts';
