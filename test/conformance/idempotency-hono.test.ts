import { http2Conformance, httpConformance } from './idempotency-http.ts';
import { serveHono, serveHonoHttp2 } from './idempotency-http/servers/hono.ts';

httpConformance('Hono', serveHono);
http2Conformance('Hono', serveHonoHttp2);
