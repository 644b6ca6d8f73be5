export { idempotent, type HonoContextLike, type HonoMiddleware } from './hono.ts';
export { answerOnce, type FetchContext } from './fetch.ts';
