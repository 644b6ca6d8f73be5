import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fakeRun, get, holding, listening } from '../../../test/holding.ts';
import { until } from '../../../test/serve.ts';
import { holdResponse } from './held-response.ts';
import type { HandlerAnswer } from './http-idempotency.ts';

const bodyOf = (answer: HandlerAnswer | undefined) => answer && Buffer.from(answer.body).toString();

describe('a held response', () => {
  it('leaves whole, after its run was told of all of it', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.setHeader('X-A', ['1', '2']);
      response.writeHead(201, 'Made', { 'content-type': 'text/plain' });
      expect(response.write('né')).toBe(true);
      expect(response.write('c3', 'hex')).toBe(true);
      expect(response.end(Buffer.from([0xa9]))).toBe(response);
    });
    const { status, message, headers, body } = await get(port);
    expect([status, message, body]).toEqual([201, 'Made', 'néé']);
    expect(headers).toMatchObject({
      'content-length': '5',
      'content-type': 'text/plain',
      'x-a': '1, 2',
    });
    expect(run.finished).toMatchObject([
      {
        status: 201,
        headers: [
          ['x-a', '1'],
          ['x-a', '2'],
          ['content-type', 'text/plain'],
        ],
      },
    ]);
    expect(bodyOf(run.finished[0])).toBe('néé');
  });

  it('lets no byte out before the run says so, and looks ended all the same', async () => {
    const run = fakeRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    run.durable = promise;
    let held!: ServerResponse;
    const port = await holding(run, (response) => {
      held = response;
      const derived = Object.create(response) as ServerResponse;
      for (const { headersSent, writableEnded } of [response, derived]) {
        expect([headersSent, writableEnded]).toEqual([false, false]);
      }
      response.flushHeaders();
      response.end('done');
      expect([response.headersSent, response.writableEnded]).toEqual([true, true]);
    });
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.write('POST / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the run is told', () => run.finished.length === 1);
    for (let turns = 0; turns < 50; turns++) await turn();
    expect([received, held.writableFinished]).toEqual(['', false]);
    resolve();
    await until('it arrives', () => received.endsWith('done'));
    socket.destroy();
  });

  it('takes headers in every form that Node takes', async () => {
    const run = fakeRun();
    const forms = [
      { 'X-B': 'new' },
      ['X-B', 'new', 'X-C', '1', 'X-C', '2'],
      [
        ['X-B', 'new'],
        ['X-C', '1'],
      ],
      ['X-B', 'new', 'X-C', ['1', '2'], 'X-D', '3'],
    ] as never[];
    const port = await holding(run, (response) => {
      response.setHeader('X-B', 'old');
      response.writeHead(200, forms.shift()!).end();
    });
    expect((await get(port)).headers['x-b']).toBe('new');
    expect((await get(port)).headers).toMatchObject({ 'x-b': 'new', 'x-c': '1, 2' });
    expect((await get(port)).headers).toMatchObject({ 'x-b': 'new', 'x-c': '1' });
    expect((await get(port)).headers).toMatchObject({ 'x-b': 'new', 'x-c': '1, 2', 'x-d': '3' });
  });

  it('takes a status that is a text, as Node does', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.statusCode = '201' as never;
      response.end('a');
    });
    expect((await get(port)).status).toBe(201);
    expect(run.finished[0]!.status).toBe(201);
  });

  it('calls back what it is given: written at once, finished when it is sent', async () => {
    const run = fakeRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    run.durable = promise;
    const calls: string[] = [];
    const port = await holding(run, async (response) => {
      response.once('finish', () => calls.push('finish'));
      await new Promise<unknown>((done) => void response.write('a', done));
      await new Promise<unknown>((done) => void response.write('b', 'utf8', done));
      calls.push('written');
      response.end('c', () => calls.push('ended'));
      response.end(() => calls.push('ended again'));
      response.write('d', (error) => calls.push((error as NodeJS.ErrnoException).code!));
    });
    const got = get(port);
    await until('it has ended', () => calls.includes('ERR_STREAM_WRITE_AFTER_END'));
    expect(calls).toEqual(['written', 'ERR_STREAM_WRITE_AFTER_END']);
    resolve();
    expect((await got).body).toBe('abc');
    expect(calls.slice(2).toSorted()).toEqual(['ended', 'ended again', 'finish']);
  });

  it.each([
    [204, 'POST'],
    [304, 'POST'],
    [200, 'HEAD'],
  ])('of status %d to %s has no body', async (status, method) => {
    const run = fakeRun();
    const port = await holding(run, (response) => void response.writeHead(status).end('text'));
    const response = await get(port, method);
    expect([response.status, response.body, bodyOf(run.finished[0])]).toEqual([status, '', '']);
  });

  it('may have trailers, and comes in chunks then', async () => {
    const port = await holding(fakeRun(), (response) => {
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write('a');
      response.addTrailers({ 'X-Sum': '1' });
      response.end();
    });
    const { body, headers, trailers } = await get(port);
    expect([body, headers['content-length'], trailers['x-sum']]).toEqual(['a', undefined, '1']);
  });

  it('can be begun anew by who handles an error, as nothing has left', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half of a');
      response.statusCode = 500;
      response.end('sorry');
    });
    expect(await get(port)).toMatchObject({ status: 500, body: 'sorry' });
    expect(run.finished).toMatchObject([{ status: 500 }]);
  });

  it('calls what others have wrapped around it, before and after', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      const { writeHead } = response;
      response.writeHead = function wrapped(...given: unknown[]) {
        response.setHeader('X-After', 'seen');
        return writeHead.apply(response, given as never);
      } as typeof writeHead;
      response.end('a');
    });
    expect((await get(port)).headers['x-after']).toBe('seen');
    expect(run.finished[0]!.headers).toEqual([['x-after', 'seen']]);
  });

  it('is replaced by what the run says', async () => {
    const run = fakeRun();
    run.instead = {
      status: 409,
      headers: [['Content-Type', 'text/plain']],
      body: Buffer.from('lost'),
    };
    const port = await holding(run, (response) => {
      response.writeHead(201, 'Made', { 'content-type': 'image/png', 'x-a': '1' }).end('done');
    });
    const { status, message, headers, body } = await get(port);
    expect([status, message, body, headers['x-a']]).toEqual([409, 'Conflict', 'lost', undefined]);
    expect(headers).toMatchObject({ 'content-type': 'text/plain', 'content-length': '4' });
  });

  it('is replaced with the headers that were set before the handler', async () => {
    const run = fakeRun();
    run.instead = { status: 409, headers: [], body: Buffer.from('lost') };
    const port = await listening((_request, response) => {
      response.setHeader('Access-Control-Allow-Origin', ['a', 'b']);
      response.setHeader('X-Kept', 'before');
      holdResponse(response, run, { bytes: 1000, time: Infinity });
      response.removeHeader('Access-Control-Allow-Origin');
      response.writeHead(201, { 'X-Kept': 'after', Location: '/7' }).end('done');
    });
    const { headers } = await get(port);
    expect([headers['access-control-allow-origin'], headers['x-kept']]).toEqual(['a, b', 'before']);
    expect(headers.location).toBeUndefined();
  });

  it('with what Node cannot send breaks the connection', async () => {
    const port = await holding(fakeRun(), (response) => {
      response.end('a');
      response.statusMessage = 'a\nb';
    });
    await expect(get(port)).rejects.toThrow(/hang up/);
    const wrong = await holding(fakeRun(), (response) => {
      expect(() => response.writeHead(42)).toThrow(RangeError);
      response.end();
    });
    expect((await get(wrong)).status).toBe(200);
  });
});

describe('a response that cannot be held', () => {
  it('is told as unkept before its first byte, and goes out with back pressure', async () => {
    const run = fakeRun();
    const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1000, 48 + (i % 10)));
    const port = await holding(run, async (response) => {
      response.setHeader('content-type', 'text/plain');
      await pipeline(Readable.from(chunks), response);
    });
    expect((await get(port)).body).toBe(Buffer.concat(chunks).toString());
    expect(run.unkept).toMatchObject([{ status: 200, headers: [['content-type', 'text/plain']] }]);
    expect(run.finished).toEqual([]);
  });

  it('asks its writer to wait until the run has been told', async () => {
    const run = fakeRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    run.durable = promise;
    const seen: unknown[] = [];
    const port = await holding(run, (response) => {
      seen.push(response.write('a'.repeat(1000)), response.write('b'));
      response.once('drain', () => {
        seen.push('drain');
        response.end('c');
      });
    });
    const got = get(port);
    await until('the run is told', () => run.unkept.length === 1);
    expect(seen).toEqual([true, false]);
    resolve();
    expect((await got).body).toBe(`${'a'.repeat(1000)}bc`);
    expect(seen).toEqual([true, false, 'drain']);
  });

  it('may end while the run is being told', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.write('a'.repeat(1001));
      response.end('b');
    });
    expect((await get(port)).body).toBe(`${'a'.repeat(1001)}b`);
    expect([run.unkept.length, run.finished.length]).toEqual([1, 0]);
  });

  it('is an event stream, from its first event', async () => {
    const run = fakeRun();
    let events!: ServerResponse;
    const port = await holding(run, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.flushHeaders();
      events = response;
    });
    const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST' });
    const reader = response.body!.getReader();
    events.write('data: 1\n\n');
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n');
    events.end('data: 2\n\n');
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 2\n\n');
    expect([run.unkept.length, run.finished.length]).toEqual([1, 0]);
  });

  it('is replaced by what the run says, and the rest of it is dropped', async () => {
    const run = fakeRun();
    run.instead = { status: 503, headers: [], body: Buffer.from('not committed') };
    const calls: string[] = [];
    const port = await holding(run, (response) => {
      response.write('a'.repeat(1001));
      response.once('drain', () => {
        expect(response.write('b', () => calls.push('written'))).toBe(true);
        response.end('c', () => calls.push('ended'));
      });
    });
    expect(await get(port)).toMatchObject({ status: 503, body: 'not committed' });
    await until('both are called', () => calls.length === 2);
  });
});

describe('a client that goes', () => {
  it('takes nothing with it: the answer is recorded when it is there', async () => {
    const run = fakeRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    let held!: ServerResponse;
    const port = await holding(run, async (response) => {
      held = response;
      await promise;
      response.writeHead(201).end('done');
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('it is asked', () => held !== undefined);
    const closed = once(held, 'close');
    socket.destroy();
    await closed;
    resolve();
    await until('it is recorded', () => run.finished.length === 1);
    expect([run.finished[0]!.status, bodyOf(run.finished[0]), run.failed]).toEqual([
      201,
      'done',
      [],
    ]);
  });

  it.each(['before', 'after'])(
    '%s the handler has settled without an answer leaves it unknown',
    async (when) => {
      const run = fakeRun();
      let settle!: () => void;
      let response!: ServerResponse;
      const port = await holding(run, (given, held) => {
        response = given;
        settle = () => held.handlerSettled();
      });
      const socket = connect(port, '127.0.0.1');
      socket.write('POST / HTTP/1.1\r\nHost: a\r\n\r\n');
      await until('it is asked', () => response !== undefined);
      const closed = once(response, 'close');
      if (when === 'after') settle();
      expect(run.failed).toEqual([]);
      socket.destroy();
      await closed;
      if (when === 'before') settle();
      expect(run.failed).toEqual([new Error('the handler has not answered')]);
    },
  );
});
