import { http2Conformance, httpConformance } from './idempotency-http.ts';
import { serveFastify, serveFastifyHttp2 } from './idempotency-http/servers/fastify.ts';

httpConformance('Fastify', serveFastify);
http2Conformance('Fastify', serveFastifyHttp2);
