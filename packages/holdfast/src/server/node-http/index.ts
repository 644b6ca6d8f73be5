export { type HttpIdempotencyOptions, keepByStatus } from '../idempotency/http.ts';
export {
  idempotent,
  type IdempotentListener,
  type IdempotentRequest,
  type Listener,
} from './node-http.ts';
