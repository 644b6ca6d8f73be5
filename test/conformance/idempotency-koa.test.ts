import { httpConformance } from './idempotency-http.ts';
import { serveKoa } from './idempotency-http/servers/koa.ts';

httpConformance('Koa', serveKoa);
