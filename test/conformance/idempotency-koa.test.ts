import { http2Conformance, httpConformance } from './idempotency-http.ts';
import { serveKoa, serveKoaHttp2 } from './idempotency-http/servers/koa.ts';

httpConformance('Koa', serveKoa);
http2Conformance('Koa', serveKoaHttp2);
