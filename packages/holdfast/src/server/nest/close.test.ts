/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { IdempotencyStore } from 'holdfast/idempotency';
import { HoldfastModule, Idempotent } from 'holdfast/nest';
import { describe, expect, test, vi } from 'vitest';
import { adapterOf, type Platform, PLATFORMS } from '../../../test/nest-charge.ts';
import { tellingStore } from '../../../test/telling-store.ts';

describe.each(PLATFORMS)('an application on %s that closes', (platform) => {
  test('a store of the module is closed when what runs has been kept, though its client has gone and no server waits for it', async () => {
    const { store, steps } = tellingStore();
    const goesOn = Promise.withResolvers<string>();
    const charge = vi.fn<() => Promise<string>>(() => goesOn.promise);
    const { app, port } = await serve(platform, store, charge);
    const leaving = new AbortController();
    const sent = fetch(`http://127.0.0.1:${port}/charge`, {
      method: 'POST',
      headers: { 'Idempotency-Key': 'k1' },
      signal: leaving.signal,
    });
    await vi.waitUntil(() => charge.mock.calls.length === 1);
    leaving.abort();
    await expect(sent).rejects.toThrow(/abort/);
    const server = app.getHttpServer();
    const stopped = new Promise((resolve) => server.once('close', resolve));
    const closed = app.close();
    await stopped;
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(steps).toEqual([]);
    goesOn.resolve('done');
    await closed;
    expect(steps).toEqual(['complete', 'close']);
  });

  test('the client of a store can be closed after it, in a module that gives it', async () => {
    const { store, steps } = tellingStore();
    class Client {
      onApplicationShutdown(): void {
        steps.push('close the client');
      }
    }
    class Clients {}
    Module({ providers: [Client], exports: [Client] })(Clients);
    class App {}
    const idempotency = HoldfastModule.forRootAsync({
      imports: [Clients],
      inject: [Client],
      useFactory: () => ({ idempotency: { store } }),
    });
    Module({ imports: [Clients, idempotency] })(App);
    const app = await NestFactory.create(App, adapterOf(platform), { logger: false });
    await app.listen(0, '127.0.0.1');
    await app.close();
    expect(steps).toEqual(['close', 'close the client']);
  });

  test('a long answer that was ended leaves whole, though the application closes meanwhile', async () => {
    // More than systems hold for a connection.
    const long = 16_000_000;
    const { app, port } = await serve(platform, tellingStore().store, async () => 'a'.repeat(long));
    const socket = connect(port, '127.0.0.1');
    const head = ['POST /charge HTTP/1.1', 'Host: a', 'Idempotency-Key: k1', 'Content-Length: 0'];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await once(socket, 'readable');
    app.getHttpServer().keepAliveTimeout = 1;
    const closed = app.close();
    // As long as it would take to end connections that are idle.
    for (let turns = 0; turns < 50; turns++) await turn();
    let size = 0;
    for await (const chunk of socket) size += (chunk as Buffer).length;
    expect(size).toBeGreaterThan(long);
    await closed;
  });
});

/** An application whose `POST /charge` calls a function. */
async function serve(platform: Platform, store: IdempotencyStore, charge: () => Promise<string>) {
  class Shop {
    charge(): Promise<string> {
      return charge();
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'charge')!;
  for (const decorate of [Post('charge'), Idempotent()] as MethodDecorator[]) {
    decorate(Shop.prototype, 'charge', descriptor);
  }
  Controller()(Shop);
  class App {}
  const imports = [HoldfastModule.forRoot({ idempotency: { store } })];
  Module({ imports, controllers: [Shop] })(App);
  const app = await NestFactory.create(App, adapterOf(platform), { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return { app, port };
}
