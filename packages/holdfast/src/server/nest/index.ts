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
export { Idempotent, type IdempotentDecorator } from './decorator.ts';
export { idempotencyInterceptor, type NestIdempotencyOptions } from './interceptor.ts';
export {
  HoldfastModule,
  type HoldfastModuleFactory,
  type HoldfastModuleOptions,
} from './module.ts';
export type {
  CallHandlerLike,
  DynamicModuleLike,
  ExecutionContextLike,
  MiddlewareConsumerLike,
  NestInterceptorLike,
  NestRequestLike,
} from './types.ts';
