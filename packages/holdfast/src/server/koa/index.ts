export { type HttpIdempotencyOptions, keepByStatus } from '../idempotency/http.ts';
export { idempotent, type KoaContextLike, type KoaMiddleware } from './koa.ts';
