import { http2Conformance, httpConformance } from './idempotency-http.ts';
import { serveNodeHttp, serveNodeHttp2 } from './idempotency-http/servers/node-http.ts';

httpConformance('node:http', serveNodeHttp);
http2Conformance('node:http2', serveNodeHttp2);
