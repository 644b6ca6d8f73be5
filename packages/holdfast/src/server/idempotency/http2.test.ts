import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { fakeRun } from '../../../test/holding.ts';
import { READERS } from '../../../test/request-readers.ts';
import { holdResponse } from './held-response.ts';
import { bodyOf, readBody } from './node-request.ts';

describe.each(Object.entries(READERS))('a body over HTTP/2, read again by %s', (_name, reader) => {
  test.each([
    ['none', null, 'none'],
    ['one that turns out to be empty', [], 'none'],
    ['one byte', ['a'], 'bytes'],
    ['many frames', ['né'.repeat(50_000)], 'bytes'],
    ['pieces', ['one ', 'two ', 'three'], 'bytes'],
    ['more than the limit', ['x'.repeat(200_001)], 'too-large'],
  ])('is all there: %s', async (_what, pieces, kind) => {
    const read: unknown[] = [];
    const client = await serving(async (request, response) => {
      const body = await readBody(request, 200_000);
      for (let turns = 0; turns < 10; turns++) await turn();
      const bytes = body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '';
      read.push(body.kind, bytes, body.kind === 'too-large' ? '' : await reader(request));
      response.end();
    });
    const stream = client.request({ ':method': 'POST' }, { endStream: pieces === null });
    if (pieces !== null) {
      for (const piece of pieces) {
        stream.write(piece);
        await turn();
      }
      stream.end();
    }
    await text(stream);
    const all = kind === 'bytes' ? (pieces ?? []).join('') : '';
    expect(read).toEqual([kind, all, all]);
  });
});

test.each([[{}], [{ 'content-length': '20' }]])(
  'a body over HTTP/2 that broke off before it was asked for is none that could be read: %j',
  async (headers) => {
    const read: unknown[] = [];
    const arrived = Promise.withResolvers<void>();
    const client = await serving(async (request, response) => {
      arrived.resolve();
      await once(response, 'close');
      // Not thrown at once: that would be a mistake of the server, which ends the process.
      const bodies = [readBody(request, 1000), bodyOf(request, undefined, 1000)];
      for (const { status } of await Promise.allSettled(bodies)) read.push(status);
    });
    const stream = client.request({ ':method': 'POST', ...headers });
    stream.on('error', () => {});
    stream.write('partial');
    await arrived.promise;
    stream.close(constants.NGHTTP2_CANCEL);
    await vi.waitFor(() => expect(read).toEqual(['rejected', 'rejected']));
  },
);

describe('a response over HTTP/2', () => {
  test('is held, and goes out once it is durable', async () => {
    const run = fakeRun();
    const durable = Promise.withResolvers<void>();
    run.durable = durable.promise;
    const client = await serving((_request, response) => {
      holdResponse(response, run, { bytes: 1000, time: Infinity });
      response.writeHead(201, { 'x-own': '1' });
      response.write('do');
      response.end('ne');
    });
    const stream = client.request({ ':method': 'POST' });
    let headers: Record<string, unknown> | undefined;
    stream.on('response', (given) => (headers = given as Record<string, unknown>));
    const all = text(stream);
    await vi.waitFor(() => expect(run.finished).toHaveLength(1));
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(headers).toBe(undefined);
    durable.resolve();
    expect(await all).toBe('done');
    expect(headers).toMatchObject({ ':status': 201, 'x-own': '1', 'content-length': '4' });
  });

  test('is replaced without a warning of Node’s', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    onTestFinished(() => void process.off('warning', listen));
    const run = fakeRun();
    const body = new TextEncoder().encode('theirs');
    run.instead = { status: 409, headers: [['x-their', '2']], body };
    const client = await serving((_request, response) => {
      holdResponse(response, run, { bytes: 1000, time: Infinity });
      response.writeHead(201, { 'x-own': '1' }).end('ours');
    });
    const stream = client.request({ ':method': 'POST' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(await text(stream)).toBe('theirs');
    expect(headers).toMatchObject({ ':status': 409, 'x-their': '2' });
    expect(headers).not.toHaveProperty('x-own');
    expect(warnings).toEqual([]);
  });

  test('whose client has gone and whose handler has settled is told as failed', async () => {
    const run = fakeRun();
    let runs = false;
    const client = await serving(async (_request, response) => {
      runs = true;
      const held = holdResponse(response, run, { bytes: 1000, time: Infinity });
      await once(response, 'close');
      held.handlerSettled();
    });
    const stream = client.request({ ':method': 'POST' });
    stream.on('error', () => {});
    await vi.waitFor(() => expect(runs).toBe(true));
    stream.destroy(new Error('gone'));
    await vi.waitFor(() => expect(run.failed).toHaveLength(1));
  });
});

/** A server of node:http2, by its compatibility layer, and a client of it; gone when the test is over. */
async function serving(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<ClientHttp2Session> {
  const server = createServer(listener as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return client;
}
