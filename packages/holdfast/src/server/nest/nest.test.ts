import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  type ExecutionContext,
  Header,
  type INestApplication,
  NotFoundException,
  Redirect,
  Req,
  Res,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import type { Response as ExpressResponse } from 'express';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { Idempotent, idempotencyInterceptor } from 'holdfast/nest';
import { EMPTY, map, Observable, of, Subject } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import {
  adapterOf,
  type ChargeAbout,
  PLATFORMS,
  send,
  serveCharge,
} from '../../../test/nest-charge.ts';

/** Sends, and goes away once the handler has begun. */
async function leave(port: number, hasBegun: () => boolean): Promise<void> {
  const leaving = new AbortController();
  const sent = send(port, '/charge', { signal: leaving.signal });
  await vi.waitUntil(hasBegun);
  leaving.abort();
  await expect(sent).rejects.toThrow(/abort/);
}

async function sendTwice(port: number) {
  return [await send(port), await send(port)] as const;
}

describe.each(PLATFORMS)('a handler of NestJS on %s', (platform) => {
  const serve = (about: ChargeAbout) => serveCharge({ adapter: adapterOf(platform), ...about });

  test('may answer with an Observable', async () => {
    const handler = vi.fn<() => Observable<unknown>>(() => of({ id: 1 }, { id: 2 }));
    const [first, again] = await sendTwice(await serve({ handler }));
    expect(first).toMatchObject({ status: 201, text: '{"id":2}', replayed: null });
    expect(again).toMatchObject({ status: 201, text: '{"id":2}', replayed: 'true' });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('may answer by itself, with @Res()', async () => {
    const handler = vi.fn<(res: ExpressResponse) => unknown>((res) =>
      res.status(202).send({ id: 1 }),
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

  test('may answer with a file whose name is not ASCII, which a replay says as well', async () => {
    const disposition = 'attachment; filename="é.txt"';
    const handler = () => new StreamableFile(Buffer.from('text'), { disposition });
    const [first, again] = await sendTwice(await serve({ handler }));
    expect([first.text, again.text, again.replayed]).toEqual(['text', 'text', 'true']);
    for (const { headers } of [first, again]) {
      expect(headers.get('content-disposition')).toBe(disposition);
    }
  });

  test('may throw what is kept, as whatever filter tells it', async () => {
    let filtered = 0;
    const filter = {
      catch: (_error: unknown, host: ArgumentsHost) =>
        host.switchToHttp().getResponse<ExpressResponse>().status(422).send({ no: ++filtered }),
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

  describe.each<[string, () => unknown]>([
    ['a stream of Node', () => endless()],
    ['a stream of the web', () => Readable.toWeb(endless())],
    ['a Response', () => new Response(Readable.toWeb(endless()) as ReadableStream<Uint8Array>)],
    ['an object around a stream', () => endless()],
  ])('answers with %s', (name, answer) => {
    const wrap = (data: unknown) => (name.startsWith('an object') ? { data } : data);
    const set = (app: INestApplication) =>
      app.useGlobalInterceptors({ intercept: (_, next) => next.handle().pipe(map(wrap)) });

    test('and is done when its client leaves before', async () => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const handler = vi.fn<() => Promise<unknown>>(() => promise);
      const port = await serve({ handler, set });
      await leave(port, () => handler.mock.calls.length === 1);
      expect((await send(port)).text).toContain('in-progress');
      for (let i = 0; i < 20; i++) await turn();
      resolve(answer());
      await vi.waitFor(async () => expect((await send(port)).text).toContain('not-replayable'));
      expect(handler).toHaveBeenCalledTimes(1);
    });

    test('and is done when its client leaves meanwhile, but what had come is no answer', async () => {
      const handler = vi.fn<() => unknown>(answer);
      const port = await serve({ handler, set });
      await leave(port, () => handler.mock.calls.length === 1);
      await vi.waitFor(async () => expect((await send(port)).text).not.toContain('in-progress'));
      expect((await send(port)).text).toContain('not-replayable');
      expect(handler).toHaveBeenCalledTimes(1);
    });
  });

  test('that is a generator leaves the outcome unknown when its client leaves, since Nest breaks it off', async () => {
    const charged = Promise.withResolvers<void>();
    const handler = vi.fn<() => AsyncGenerator<string>>(async function* () {
      yield 'charging';
      await charged.promise;
      yield 'charged';
    });
    const port = await serve({ handler });
    await leave(port, () => handler.mock.calls.length === 1);
    await vi.waitFor(async () => expect((await send(port)).text).toContain('outcome-unknown'));
    charged.resolve();
    expect((await send(port)).text).toContain('outcome-unknown');
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
    const set = (app: INestApplication) => {
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
    const set = (app: INestApplication) =>
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

  test('has no headers of its body on a refusal', async () => {
    const decorators = [Idempotent(), Header('ETag', '"1"')];
    const port = await serve({ handler: () => 'a', decorators });
    expect((await send(port)).headers.get('etag')).toBe('"1"');
    const refused = await send(port, '/charge', { body: '{"amount":6}' });
    expect([refused.status, refused.headers.get('etag')]).toEqual([422, null]);
  });

  test('that answers nothing at all is an error, as without', async () => {
    const port = await serve({ handler: () => EMPTY });
    expect((await send(port)).status).toBe(500);
    expect((await send(port)).text).toContain('outcome-unknown');
  });
});

/** A piece, and never an end. */
function endless(): Readable {
  const stream = new Readable({ read: () => {} });
  stream.push('a');
  return stream;
}

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
