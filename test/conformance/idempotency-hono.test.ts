import { httpConformance } from './idempotency-http.ts';
import { serveHono } from './idempotency-http/servers/hono.ts';

httpConformance('Hono', serveHono);
