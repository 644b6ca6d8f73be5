/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExecutionContext,
  Header,
  Module,
  NotFoundException,
  Post,
  Redirect,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response as ExpressResponse } from 'express';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import {
  HoldfastModule,
  type HoldfastModuleOptions,
  Idempotent,
  idempotencyInterceptor,
} from 'holdfast/nest';
import { EMPTY, map, Observable, of, Subject } from 'rxjs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

type Decorate = (target: object, name: string, descriptor: PropertyDescriptor) => void;
type DecorateParameter = (target: object, name: string, index: number) => void;

interface About {
  readonly handler: (...given: never[]) => unknown;
  readonly decorators?: readonly unknown[];
  readonly parameters?: readonly unknown[];
  readonly onClass?: readonly unknown[];
  readonly set?: (app: NestExpressApplication) => void;
  readonly options?: HoldfastModuleOptions;
}

/** An application of one handler at POST /charge; the port it listens at. */
async function serve(about: About): Promise<number> {
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
  const options = about.options ?? { idempotency: { store: memoryStore() } };
  Module({ imports: [HoldfastModule.forRoot(options)], controllers: [Shop] })(App);
  const app = await NestFactory.create<NestExpressApplication>(App, {
    logger: false,
    forceCloseConnections: true,
  });
  onTestFinished(() => app.close());
  about.set?.(app);
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as { port: number }).port;
}

async function send(port: number, signal: AbortSignal | null = null) {
  const response = await fetch(`http://127.0.0.1:${port}/charge`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'Idempotency-Key': 'k1', 'Content-Type': 'application/json' },
    body: '{"amount":5}',
    signal,
  });
  const { status, headers } = response;
  return {
    status,
    headers,
    text: await response.text(),
    replayed: headers.get('idempotent-replayed'),
  };
}

/** Sends, and goes away once the handler has begun. */
async function leave(port: number, hasBegun: () => boolean): Promise<void> {
  const leaving = new AbortController();
  const sent = send(port, leaving.signal);
  await vi.waitUntil(hasBegun);
  leaving.abort();
  await expect(sent).rejects.toThrow(/abort/);
}

async function sendTwice(port: number) {
  return [await send(port), await send(port)] as const;
}

describe('a handler of NestJS', () => {
  test('may answer with an Observable', async () => {
    const handler = vi.fn<() => Observable<unknown>>(() => of({ id: 1 }, { id: 2 }));
    const [first, again] = await sendTwice(await serve({ handler }));
    expect(first).toMatchObject({ status: 201, text: '{"id":2}', replayed: null });
    expect(again).toMatchObject({ status: 201, text: '{"id":2}', replayed: 'true' });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('may answer by itself, with @Res()', async () => {
    const handler = vi.fn<(res: ExpressResponse) => unknown>((res) =>
      res.status(202).json({ id: 1 }),
    );
    const [first, again] = await sendTwice(await serve({ handler, parameters: [Res()] }));
    expect(first).toMatchObject({ status: 202, text: '{"id":1}', replayed: null });
    expect(again).toMatchObject({ status: 202, text: '{"id":1}', replayed: 'true' });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('may redirect', async () => {
    const decorators = [Idempotent(), Redirect('/receipts/1', 303)];
    for (const { status, headers } of await sendTwice(
      await serve({ handler: () => {}, decorators }),
    )) {
      expect([status, headers.get('location')]).toEqual([303, '/receipts/1']);
    }
  });

  test('may throw what is kept, as whatever filter tells it', async () => {
    let filtered = 0;
    const filter = {
      catch: (_error: unknown, host: ArgumentsHost) =>
        host.switchToHttp().getResponse<ExpressResponse>().status(422).json({ no: ++filtered }),
    };
    Catch(RangeError)(filter.constructor);
    const filters = UseFilters(filter as never);
    const decorators = [Idempotent(), filters];
    const handler = throwing(new RangeError('too much'));
    for (const { status, text } of await sendTwice(await serve({ handler, decorators }))) {
      expect([status, text]).toEqual([422, '{"no":1}']);
    }
  });

  test('may throw an HttpException', async () => {
    const handler = throwing(new NotFoundException('no such card'));
    const [first, again] = await sendTwice(await serve({ handler }));
    expect(first.status).toBe(404);
    expect(again).toMatchObject({ status: 404, text: first.text, replayed: 'true' });
  });

  test('is done to its end when its client leaves, even if Nest would unsubscribe', async () => {
    const charged = new Subject<string>();
    const unsubscribed = vi.fn<() => void>();
    const handler = vi.fn<() => Observable<unknown>>(
      () =>
        new Observable((subscriber) => {
          const inner = charged.subscribe(subscriber);
          return () => {
            unsubscribed();
            inner.unsubscribe();
          };
        }),
    );
    const port = await serve({ handler });
    await leave(port, () => charged.observed);
    expect((await send(port)).text).toContain('in-progress');
    for (let i = 0; i < 20; i++) await turn();
    expect(unsubscribed).not.toHaveBeenCalled();
    charged.next('done');
    charged.complete();
    // Nest makes no answer of it, so there is none to replay; it does not run again.
    await vi.waitFor(async () => expect((await send(port)).text).toContain('not-replayable'));
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('is done when its client leaves, though a file that it answers is piped to nobody', async () => {
    const { promise, resolve } = Promise.withResolvers<StreamableFile>();
    const handler = vi.fn<() => Promise<StreamableFile>>(() => promise);
    const port = await serve({ handler });
    await leave(port, () => handler.mock.calls.length === 1);
    expect((await send(port)).text).toContain('in-progress');
    for (let i = 0; i < 20; i++) await turn();
    resolve(new StreamableFile(Readable.from([Buffer.from('receipt')])));
    await vi.waitFor(async () => expect((await send(port)).text).toContain('not-replayable'));
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('is done when its client leaves, though the file that it answers goes no further', async () => {
    const read = vi.fn<() => void>();
    const handler = vi.fn<() => StreamableFile>(() => new StreamableFile(new Readable({ read })));
    const port = await serve({ handler });
    await leave(port, () => read.mock.calls.length > 0);
    await vi.waitFor(async () => expect((await send(port)).text).toContain('not-replayable'));
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('that fails when its client has left leaves the outcome unknown', async () => {
    const charged = new Subject<string>();
    const port = await serve({ handler: () => charged });
    await leave(port, () => charged.observed);
    for (let i = 0; i < 20; i++) await turn();
    charged.error(new Error('lost'));
    await vi.waitFor(async () => expect((await send(port)).text).toContain('outcome-unknown'));
  });

  test('with @Res() that never answers leaves the outcome unknown when its client leaves', async () => {
    const handler = vi.fn<() => void>();
    const port = await serve({ handler, parameters: [Res()] });
    await leave(port, () => handler.mock.calls.length === 1);
    await vi.waitFor(async () => expect((await send(port)).text).toContain('outcome-unknown'));
  });

  test('of a class that is marked is as if it were marked, and its own options win', async () => {
    const onClass = [Idempotent({ required: true })];
    expect(await ask(await serve({ handler: () => 'a', decorators: [], onClass }))).toBe(400);
    expect(await ask(await serve({ handler: () => 'a', onClass }))).toBe(201);
    expect(await ask(await serve({ handler: () => 'a', decorators: [] }))).toBe(201);
  });

  test('is inside of the interceptor: what others make of its answer is kept', async () => {
    let runs = 0;
    const inner = {
      intercept: (_: ExecutionContext, next: CallHandler) => next.handle().pipe(map(() => ++runs)),
    };
    const set = (app: NestExpressApplication) => {
      const engine = idempotency({ store: memoryStore() });
      app.useGlobalInterceptors(idempotencyInterceptor(engine), inner);
    };
    const [first, again] = await sendTwice(await serve({ handler: () => 'a', set }));
    expect([first.text, again.text, again.replayed]).toEqual(['1', '1', 'true']);
  });

  test('is behind its guards: nobody is given a replay whom they turn away', async () => {
    let isKnown = true;
    const handler = vi.fn<() => string>(() => 'done');
    const guard = { canActivate: () => isKnown };
    const port = await serve({ handler, set: (app) => app.useGlobalGuards(guard) });
    expect((await sendTwice(port)).map(({ text }) => text)).toEqual(['done', 'done']);
    isKnown = false;
    const refused = await send(port);
    expect([refused.status, refused.replayed]).toEqual([403, null]);
    expect(refused.text).not.toContain('done');
    isKnown = true;
    expect((await send(port)).replayed).toBe('true');
    expect(handler).toHaveBeenCalledOnce();
  });

  test('finds its execution on the request', async () => {
    const port = await serve({ handler: keyOf as never, parameters: [Req()] });
    expect((await send(port)).text).toBe('k1');
  });

  test('keeps the headers that were set for all answers, and has each of its own once', async () => {
    const policy = ['Content-Security-Policy', "default-src 'none'"] as const;
    const set = (app: NestExpressApplication) =>
      app.use((_request: unknown, response: ExpressResponse, next: () => void) => {
        response.setHeader(...policy);
        next();
      });
    const decorators = [Idempotent(), Header('Link', '</a>')];
    for (const { headers } of await sendTwice(
      await serve({ handler: () => 'a', decorators, set }),
    )) {
      expect([headers.get('link'), headers.get(policy[0])]).toEqual(['</a>', policy[1]]);
    }
  });

  test('that answers nothing at all is an error, as without', async () => {
    const port = await serve({ handler: () => EMPTY });
    expect((await send(port)).status).toBe(500);
    expect((await send(port)).text).toContain('outcome-unknown');
  });
});

function throwing(error: Error) {
  return (): never => {
    throw error;
  };
}

async function ask(port: number): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}/charge`, { method: 'POST' })).status;
}

function keyOf(request: { idempotency?: { key: string } }): string | undefined {
  return request.idempotency?.key;
}

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

  test('refuses what is not called by HTTP, and the Fastify platform', async () => {
    await expect(interceptor.intercept(context('rpc', {}), handled)).rejects.toThrow(
      /Shop\.marked: it is called by rpc, not by HTTP/,
    );
    await expect(interceptor.intercept(context('http', { raw: {} }), handled)).rejects.toThrow(
      /Shop\.marked: it needs the Express platform/,
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
