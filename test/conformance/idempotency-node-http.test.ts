import { httpConformance } from './idempotency-http.ts';
import { serveNodeHttp } from './idempotency-http/servers/node-http.ts';

httpConformance('node:http', serveNodeHttp);
