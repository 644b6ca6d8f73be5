import { httpConformance } from './idempotency-http.ts';
import { serveFastify } from './idempotency-http/servers/fastify.ts';

httpConformance('Fastify', serveFastify);
