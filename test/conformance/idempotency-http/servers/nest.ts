/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Readable } from 'node:stream';
import { Controller, Get, Module, Post, Put, Req, Res, StreamableFile } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { HoldfastModule, Idempotent } from 'holdfast/nest';
import { FOR_ALL, type Reply, type Serve } from '../site.ts';

/** A method of a controller, by whose decorators Nest knows it. */
type Method = (request: Request, response: Response) => Promise<unknown>;

/** NestJS 12 on Express. Decorators are applied as the functions they are, since Node cannot run their syntax. */
export const serveNest: Serve = async (handle, { engine, http, route }) => {
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
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: false,
    forceCloseConnections: true,
  });
  app.use(
    (_request: Request, response: Response, next: () => void) => (response.set(FOR_ALL), next()),
  );
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return { port, close: () => app.close() };
};

/** What a handler returns, with status and headers set beside. */
function passed({ status, headers = {}, body }: Reply, response: Response): unknown {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined || typeof body === 'string') return body;
  const type = String(headers['Content-Type']);
  if (body instanceof Uint8Array) return new StreamableFile(body, { type });
  return new StreamableFile(Readable.from(body, { objectMode: false }), { type });
}
