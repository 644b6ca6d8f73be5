/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Controller, Module, Post, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response as ExpressResponse } from 'express';
import { memoryStore } from 'holdfast/memory';
import { HoldfastModule, Idempotent } from 'holdfast/nest';
import { expect, onTestFinished, test } from 'vitest';
import { marksOf } from './decorator.ts';

/** As decorators do that trace, or retry: what stands in the method's place has not its name. */
const traced: MethodDecorator = (_target, _name, descriptor) => {
  const own = descriptor.value as (...given: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...given: unknown[]) {
    return own.apply(this, given);
  } as never;
};

class Shop {
  runs = 0;

  charge(response: ExpressResponse): void {
    response.status(202).json({ run: ++this.runs });
  }
}
const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'charge')!;
Res()(Shop.prototype, 'charge', 0);
for (const decorate of [traced, Post('charge'), Idempotent()] as MethodDecorator[]) {
  decorate(Shop.prototype, 'charge', descriptor);
}
Object.defineProperty(Shop.prototype, 'charge', descriptor);
Controller()(Shop);

class Branch extends Shop {}
Controller('branch')(Branch);

test.each(['charge', 'branch/charge'])(
  'a handler of %s that answers by itself may be wrapped by another decorator',
  async (path) => {
    class App {}
    const imports = [HoldfastModule.forRoot({ idempotency: { store: memoryStore() } })];
    Module({ imports, controllers: [Shop, Branch] })(App);
    const options = { logger: false, forceCloseConnections: true } as const;
    const app = await NestFactory.create<NestExpressApplication>(App, options);
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const headers = { 'Idempotency-Key': 'k1' };
    for (const replayed of [null, 'true']) {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`, { method: 'POST', headers });
      expect([answer.status, await answer.text()]).toEqual([202, '{"run":1}']);
      expect(answer.headers.get('idempotent-replayed')).toBe(replayed);
    }
  },
);

test('no getter of a controller runs that has the name of a function around a handler', () => {
  class Till {
    get value(): never {
      throw new Error('there is no till yet');
    }
  }
  const wrapped = { value: () => 'charged' }.value;
  Object.defineProperty(Till.prototype, 'charge', { value: wrapped });
  const context = { getClass: () => Till, getHandler: () => wrapped };
  expect(marksOf(context as never)).toMatchObject({ name: 'charge', answersItself: false });
});
