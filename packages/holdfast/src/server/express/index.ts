export { type HttpIdempotencyOptions, keepByStatus } from '../idempotency/http.ts';
export {
  type ExpressMiddleware,
  type ExpressRequestLike,
  idempotent,
  idempotentErrors,
} from './express.ts';
