import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { fakeIdempotency } from '../../../test/fake-idempotency.ts';
import { listening } from '../../../test/holding.ts';
import { until } from '../../../test/serve.ts';
import { idempotency } from '../../idempotency/index.ts';
import { memoryStore } from '../../stores/memory/memory.ts';
import { idempotent, type Listener } from './node-http.ts';

const post = (port: number, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/pay?x=1`, {
    method: 'POST',
    headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
    body: '{"amount": 5}',
    ...init,
  });

/** A server of one listener; what it rejects with is written down and answered 500, as an outer wrapper would. */
async function serving(listener: Listener) {
  const engine = fakeIdempotency();
  const once = idempotent(engine)(listener);
  const errors: unknown[] = [];
  const port = await listening((request, response) =>
    once(request, response).catch((error: unknown) => {
      errors.push(error);
      if (!response.writableEnded) response.writeHead(500).end('outer');
    }),
  );
  return { engine, port, errors };
}

it('gives the listener the body and the execution, and the engine the path as the route', async () => {
  const seen: unknown[] = [];
  const { engine, port } = await serving(async (request, response) => {
    seen.push(await json(request), request.idempotency?.keyFor('card'));
    response.writeHead(201).end('done');
  });
  expect((await post(port)).status).toBe(201);
  const again = await post(port);
  expect([again.status, await again.text(), again.headers.get('idempotent-replayed')]).toEqual([
    201,
    'done',
    'true',
  ]);
  expect(seen).toEqual([{ amount: 5 }, 'k:card']);
  expect(engine.asked[0]).toMatchObject({ key: 'k', scope: ['http', 'POST', '/pay'] });
});

it('leaves a request without a key as it came', async () => {
  const { engine, port } = await serving(async (request, response) => {
    expect([request.readableDidRead, request.idempotency]).toEqual([false, undefined]);
    response.end(JSON.stringify(await json(request)));
  });
  expect(await (await post(port, { headers: {} })).json()).toEqual({ amount: 5 });
  expect(engine.asked).toEqual([]);
});

it.each<[string, Listener]>([
  [
    'throws',
    () => {
      throw new Error('boom');
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('boom');
    },
  ],
])('hands on what a listener %s, and its outcome is unknown', async (_how, listener) => {
  const { engine, port, errors } = await serving(listener);
  const response = await post(port);
  expect([response.status, await response.text()]).toEqual([500, 'outer']);
  expect([errors, engine.steps]).toEqual([[new Error('boom')], ['hold']]);
});

it('takes the answer for the outcome where a listener throws after it', async () => {
  const { engine, port, errors } = await serving(async (_request, response) => {
    response.end('done');
    throw new Error('late');
  });
  expect(await (await post(port)).text()).toBe('done');
  expect([errors, engine.steps]).toEqual([[new Error('late')], ['complete']]);
});

it('records the answer of a listener that calls back, although its client has gone', async () => {
  let answer: (() => void) | undefined;
  let isClosed = false;
  const { engine, port } = await serving((_request, response) => {
    response.once('close', () => (isClosed = true));
    answer = () => void response.end('done');
  });
  const leaving = new AbortController();
  const sent = post(port, { signal: leaving.signal });
  await until('it is asked', () => answer !== undefined);
  leaving.abort();
  await expect(sent).rejects.toThrow(/abort/);
  await until('the connection is closed', () => isClosed);
  expect(engine.steps).toEqual([]);
  answer!();
  await until('it is recorded', () => engine.steps.length === 1);
  expect(engine.steps).toEqual(['complete']);
});

it('begins for a client that has gone before, whose answer no close waits for', async () => {
  const engine = idempotency({ store: memoryStore() });
  const once = idempotent(engine)((_request, response) => void response.end('done'));
  const over = Promise.withResolvers<void>();
  const port = await listening((request, response) => {
    // As behind a middleware that takes its time.
    response.once('close', () => over.resolve(once(request.resume(), response)));
    leaving.abort();
  });
  const leaving = new AbortController();
  await expect(post(port, { body: null, signal: leaving.signal })).rejects.toThrow(/abort/);
  await over.promise;
  await engine.close({ wait: '1m' });
  expect(engine.snapshot()).toMatchObject({ running: 0 });
});

it('answers by a response that no server made, as serverless-express does: it never closes, and no close waits for it', async () => {
  const engine = idempotency({ store: memoryStore() });
  const once = idempotent(engine)((_request, response) => void response.end('done'));
  const request = new IncomingMessage(new Socket());
  request.method = 'POST';
  request.headers = { 'idempotency-key': 'k', 'content-length': '0' };
  request.push(null);
  const response = new ServerResponse(request);
  let sent = '';
  const connection = new Writable({
    write: (chunk, _encoding, done) => done(void (sent += String(chunk))),
  });
  response.assignSocket(connection as Socket);
  await once(request, response);
  await engine.close({ wait: '1m' });
  expect(sent).toMatch(/^HTTP\/1\.1 200 OK[^]*done$/);
});

it('leaves no listener on a response behind', async () => {
  const once = idempotent(fakeIdempotency())((_request, response) => response.end('done'));
  const counts: number[] = [];
  const port = await listening(async (request, response) => {
    const before = response.listenerCount('close');
    await once(request, response);
    counts.push(response.listenerCount('close') - before);
  });
  const replayed = [];
  for (let i = 0; i < 2; i++) replayed.push((await post(port)).headers.has('idempotent-replayed'));
  expect([replayed, counts]).toEqual([
    [false, true],
    [0, 0],
  ]);
});

it('refuses wrong options', () => {
  const engine = fakeIdempotency();
  expect(() => idempotent(engine, { methods: ['GET'] })).toThrow(RangeError);
  expect(() => idempotent({} as never)).toThrow(TypeError);
  expect(() => idempotent(engine)(undefined as never)).toThrow(
    'needs a listener to wrap, got undefined',
  );
  expect(createServer(idempotent(engine)(() => {})).listening).toBe(false);
});

it('compares what a parser in front has made of the body, and says so where it has left nothing', async () => {
  const engine = fakeIdempotency();
  const once = idempotent(engine)((_request, response) => void response.end('done'));
  const errors: unknown[] = [];
  let parses = true;
  const port = await listening(async (request, response) => {
    const body = await json(request);
    await once(parses ? Object.assign(request, { body }) : request, response).catch(
      (error: unknown) => {
        errors.push(error);
        response.writeHead(500).end();
      },
    );
  });
  expect((await post(port)).status).toBe(200);
  expect((await post(port)).headers.get('idempotent-replayed')).toBe('true');
  expect((await post(port, { body: '{"amount": 6}' })).status).toBe(422);
  parses = false;
  expect((await post(port)).status).toBe(500);
  expect(errors).toEqual([expect.objectContaining({ name: 'TypeError' })]);
});

it('asks for a parsed body only where it compares it: some parse when they are asked, and throw', async () => {
  const once = idempotent(fakeIdempotency())((_request, response) => void response.end('done'));
  let asked = 0;
  const port = await listening((request, response) => {
    Object.defineProperty(request, 'body', { get: () => (asked += 1) });
    return once(request, response);
  });
  expect((await post(port, { headers: {} })).status).toBe(200);
  expect(asked).toBe(0);
});
