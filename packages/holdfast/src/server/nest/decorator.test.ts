/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Controller, Module, Post, Res, SetMetadata } from '@nestjs/common';
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

test.each([
  'microservices:handler_type',
  'websockets:message_mapping',
  'graphql:resolve_property',
  'graphql:resolver_type',
  'EVENT_LISTENER_METADATA',
  'SCHEDULE_CRON_OPTIONS',
])(
  'no application starts with a marked handler that has no route: by %s Nest may ask no interceptor',
  async (key) => {
    class Till {
      charge(): void {}
    }
    const charge = Object.getOwnPropertyDescriptor(Till.prototype, 'charge')!;
    // In this order the mark comes first. As @nestjs/microservices and others do.
    for (const decorate of [Idempotent(), SetMetadata(key, 1)] as MethodDecorator[]) {
      decorate(Till.prototype, 'charge', charge);
    }
    await expect(startedWith(Till)).rejects.toThrow(
      '@Idempotent() on Till.charge: it has no route',
    );
    // It was told: other applications of this process have nothing to do with it.
    await expect(startedWith()).resolves.toBe('started');
  },
);

test('a handler of messages may be marked that has a path of HTTP as well', async () => {
  class Till {
    charge(): void {}
  }
  const charge = Object.getOwnPropertyDescriptor(Till.prototype, 'charge')!;
  const byMessage = SetMetadata('microservices:handler_type', 1);
  for (const decorate of [byMessage, Post('charge'), Idempotent()] as MethodDecorator[]) {
    decorate(Till.prototype, 'charge', charge);
  }
  await expect(startedWith(Till)).resolves.toBe('started');
});

test('the route may be that of a function which another decorator has put around a marked handler', async () => {
  class Till {
    charge(): void {}
  }
  const charge = Object.getOwnPropertyDescriptor(Till.prototype, 'charge')!;
  for (const decorate of [Idempotent(), traced, Post('charge')] as MethodDecorator[]) {
    decorate(Till.prototype, 'charge', charge);
  }
  Object.defineProperty(Till.prototype, 'charge', charge);
  await expect(startedWith(Till)).resolves.toBe('started');
});

test.each([
  // As @nestjs/bullmq, @nestjs/websockets, @nestjs/graphql and Nest's own @Injectable() mark them.
  'bullmq:processor_metadata',
  'websockets:is_gateway',
  'graphql:resolver_type',
  '__injectable__',
])('no application starts with a marked class of which no method has a route: %s', async (key) => {
  class Till {
    charge(): void {}
  }
  for (const decorate of [Idempotent(), SetMetadata(key, true)] as ClassDecorator[]) decorate(Till);
  await expect(startedWith()).rejects.toThrow(
    '@Idempotent() on Till: none of its methods has a route',
  );
  await expect(startedWith()).resolves.toBe('started');
});

test('a controller of messages alone has no route either, though Nest gives it a path', async () => {
  class Till {
    charge(): void {}
  }
  const charge = Object.getOwnPropertyDescriptor(Till.prototype, 'charge')!;
  SetMetadata('microservices:handler_type', 1)(Till.prototype, 'charge', charge);
  Idempotent()(Till);
  await expect(startedWith(Till)).rejects.toThrow('none of its methods has a route');
});

test('the routes of a marked class may be those of the class that it extends, and no getter of it runs', async () => {
  class Till {
    charge(): void {}
    get total(): never {
      throw new Error('there is no till yet');
    }
  }
  Post('charge')(
    Till.prototype,
    'charge',
    Object.getOwnPropertyDescriptor(Till.prototype, 'charge')!,
  );
  class OfBranch extends Till {}
  Idempotent()(OfBranch);
  await expect(startedWith(OfBranch)).resolves.toBe('started');
});

async function startedWith(...controllers: (new () => object)[]): Promise<string> {
  class App {}
  const imports = [HoldfastModule.forRoot({ idempotency: { store: memoryStore() } })];
  for (const one of controllers) Controller()(one);
  Module({ imports, controllers })(App);
  const app = await NestFactory.create(App, { logger: false, abortOnError: false });
  await app.close();
  return 'started';
}
