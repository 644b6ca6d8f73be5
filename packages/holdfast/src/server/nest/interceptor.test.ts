/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Module, Post, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { HoldfastModule, Idempotent, idempotencyInterceptor } from 'holdfast/nest';
import { of } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';

test.each([[null], [5], [new Map()]])('an interceptor takes no %o for options', (options) => {
  const engine = idempotency({ store: memoryStore() });
  expect(() => idempotencyInterceptor(engine, options as never)).toThrow(
    /^idempotent\.options must be an object of options, got/,
  );
});

const handled = { handle: () => of('a') };
function marked(): void {}

describe('the interceptor', () => {
  class Shop {}
  Post('marked')(Shop.prototype, 'marked', { value: marked });
  Idempotent()(Shop.prototype, 'marked', { value: marked });
  const context = (type: string, response: unknown) => ({
    getType: () => type,
    getClass: () => Shop,
    getHandler: () => marked,
    switchToHttp: () => ({ getRequest: () => ({}), getResponse: () => response }),
  });
  const interceptor = idempotencyInterceptor(idempotency({ store: memoryStore() }));

  test('refuses what is not called by HTTP, and platforms that it does not know', async () => {
    await expect(interceptor.intercept(context('rpc', {}), handled)).rejects.toThrow(
      /Shop\.marked: it is called by rpc, not by HTTP/,
    );
    await expect(interceptor.intercept(context('http', { raw: {} }), handled)).rejects.toThrow(
      /Shop\.marked: it needs the Express or the Fastify platform/,
    );
  });

  test('refuses events', async () => {
    Sse()(Shop.prototype, 'marked', { value: marked } as never);
    const refused = interceptor.intercept(context('http', {}), handled);
    await expect(refused).rejects.toThrow(/Shop\.marked: events of @Sse\(\) cannot be replayed/);
  });

  test('says what is wrong with the options of a handler', () => {
    expect(() => Idempotent({ requird: true } as never)).toThrow(
      /@Idempotent\(\)\.requird is not an/,
    );
    expect(() => Idempotent({ onStoreDown: 'ajar' as never })).toThrow(RangeError);
  });

  test('is for methods and classes, and its module for an engine or a store', async () => {
    expect(() => Idempotent()({}, 'x', { value: 1 })).toThrow(TypeError);
    for (const wrong of [undefined, { idempotency: {} }, { store: memoryStore() }]) {
      const [{ useFactory }] = HoldfastModule.forRoot(wrong as never).providers as never as [
        { useFactory: () => Promise<unknown> },
      ];
      await expect(useFactory()).rejects.toThrow(/either an engine or a store/);
    }
  });

  test('closes a store with the application', async () => {
    const store = memoryStore();
    const close = vi.spyOn(store, 'close');
    class App {}
    Module({ imports: [HoldfastModule.forRoot({ idempotency: { store } })] })(App);
    const app = await NestFactory.create(App, { logger: false });
    await app.init();
    await app.close();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
