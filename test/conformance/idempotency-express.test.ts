import express5 from 'express';
import express4 from 'express4';
import { httpConformance } from './idempotency-http.ts';
import { serveExpress } from './idempotency-http/servers/express.ts';

httpConformance('Express 5', serveExpress(express5));
httpConformance('Express 4', serveExpress(express4));
