import { httpConformance } from './idempotency-http.ts';
import { serveNest } from './idempotency-http/servers/nest.ts';

httpConformance('NestJS', serveNest);
