/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Controller, type INestApplication, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { memoryStore } from 'holdfast/memory';
import { HoldfastModule, type HoldfastModuleOptions, Idempotent } from 'holdfast/nest';
import { onTestFinished } from 'vitest';

/** What Nest runs on, by its name. */
export type Platform = 'Express' | 'Fastify';

export const PLATFORMS: readonly Platform[] = ['Express', 'Fastify'];

export function adapterOf(platform: Platform): ExpressAdapter | FastifyAdapter {
  return platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter();
}

type Decorate = (target: object, name: string, descriptor: PropertyDescriptor) => void;
type DecorateParameter = (target: object, name: string, index: number) => void;

export interface ChargeAbout {
  /** Default Express. */
  readonly adapter?: ExpressAdapter | FastifyAdapter;
  readonly handler: (...given: never[]) => unknown;
  readonly decorators?: readonly unknown[];
  readonly parameters?: readonly unknown[];
  readonly onClass?: readonly unknown[];
  /** Before it starts. */
  readonly set?: (app: INestApplication) => unknown;
  /** Of the module; null for no module. Default a store in memory. */
  readonly options?: HoldfastModuleOptions | null;
}

/** An application of one handler at POST /charge; the port it listens at. */
export async function serveCharge(about: ChargeAbout): Promise<number> {
  const { handler, decorators = [Idempotent()], parameters = [], onClass = [] } = about;
  class Shop {}
  const descriptor = { value: handler, writable: true, configurable: true };
  Object.defineProperty(handler, 'name', { value: 'charge' });
  Object.defineProperty(Shop.prototype, 'charge', descriptor);
  parameters.forEach((one, at) => (one as DecorateParameter)(Shop.prototype, 'charge', at));
  for (const decorate of [Post('charge'), ...decorators] as Decorate[]) {
    decorate(Shop.prototype, 'charge', descriptor);
  }
  for (const decorate of [Controller(), ...onClass]) (decorate as (target: object) => void)(Shop);
  class App {}
  const { options = { idempotency: { store: memoryStore() } } } = about;
  const imports = options === null ? [] : [HoldfastModule.forRoot(options)];
  Module({ imports, controllers: [Shop] })(App);
  const { adapter = new ExpressAdapter() } = about;
  const app = await NestFactory.create(App, adapter, {
    logger: false,
    forceCloseConnections: true,
  });
  onTestFinished(() => app.close());
  await about.set?.(app);
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as { port: number }).port;
}

/** Sends a request with the key 'k1'. */
export async function send(port: number, path = '/charge', init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    redirect: 'manual',
    body: '{"amount":5}',
    ...init,
    headers: { 'Idempotency-Key': 'k1', 'Content-Type': 'application/json', ...init.headers },
  });
  const { status, headers } = response;
  return {
    status,
    headers,
    text: await response.text(),
    replayed: headers.get('idempotent-replayed'),
  };
}
