import { httpConformance } from './idempotency-http.ts';
import { serveNest, serveNestOnFastify } from './idempotency-http/servers/nest.ts';

httpConformance('NestJS', serveNest);
httpConformance('NestJS on Fastify', serveNestOnFastify);
