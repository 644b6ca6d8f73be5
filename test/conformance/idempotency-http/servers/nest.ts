/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  Post,
  Put,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Request, Response } from 'express';
import type { FastifyReply } from 'fastify';
import { HoldfastModule, Idempotent } from 'holdfast/nest';
import { FOR_ALL, type Handle, type Reply, type Serve, type SiteOptions } from '../site.ts';

/** A method of a controller, by whose decorators Nest knows it. */
type Method = (request: Request, response: Response | FastifyReply) => Promise<unknown>;

/** NestJS 12 on Express. */
export const serveNest: Serve = async (handle, options) => {
  const app = await NestFactory.create(moduleOf(handle, options), new ExpressAdapter(), CREATED);
  return listening(app);
};

/** NestJS 12 on Fastify. */
export const serveNestOnFastify: Serve = async (handle, options) => {
  const adapter = new FastifyAdapter({ forceCloseConnections: true, bodyLimit: 10_000_000 });
  return listening(await NestFactory.create(moduleOf(handle, options), adapter, CREATED));
};

const CREATED = { logger: false, forceCloseConnections: true } as const;

async function listening(app: INestApplication): ReturnType<Serve> {
  app.use((_request: unknown, response: ServerResponse, next: () => void) => {
    for (const [name, value] of Object.entries(FOR_ALL)) response.setHeader(name, value);
    next();
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return { port, close: () => app.close() };
}

/** Decorators are applied as the functions they are, since Node cannot run their syntax. */
function moduleOf(handle: Handle, { engine, http, route }: SiteOptions) {
  const answer = (name: string): Method =>
    async function answered(request, response) {
      const { method, params, idempotency: execution } = request;
      // The parser makes `{}` of no body at all, in Express 4, and undefined in 5.
      const body: unknown = request.body;
      const id = params['id'] as string | undefined;
      return passed(await handle({ method, route: name, id, body, execution }), response);
    };
  class ShopController {}
  const routes = ['/charge', '/binary', '/stream', '/fail'].map(
    (path) => [Post(path), `POST ${path}`] as const,
  );
  const all = [...routes, [Put('/thing/:id'), 'PUT /thing/:id'], [Get('/charge'), 'GET /charge']];
  all.forEach(([on, name], nth) => {
    const method = `method${nth}`;
    const value = answer(name as string);
    Object.defineProperty(value, 'name', { value: method });
    const descriptor = { value, writable: true, configurable: true };
    Object.defineProperty(ShopController.prototype, method, descriptor);
    Req()(ShopController.prototype, method, 0);
    Res({ passthrough: true })(ShopController.prototype, method, 1);
    for (const decorate of [on as MethodDecorator, Idempotent(route)]) {
      decorate(ShopController.prototype, method, descriptor);
    }
  });
  Controller()(ShopController);
  class AppModule {}
  const imports = [HoldfastModule.forRoot({ idempotency: { ...http, engine } })];
  Module({ imports, controllers: [ShopController] })(AppModule);
  return AppModule;
}

/** What a handler returns, with status and headers set beside. */
function passed({ status, headers = {}, body }: Reply, response: Response | FastifyReply): unknown {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) {
    // Express adds a charset to types that are set in its own way.
    if ('setHeader' in response) response.setHeader(name, value);
    else response.header(name, value);
  }
  if (body === undefined || typeof body === 'string') return body;
  const type = String(headers['Content-Type']);
  if (body instanceof Uint8Array) return new StreamableFile(body, { type });
  return new StreamableFile(Readable.from(body, { objectMode: false }), { type });
}
