import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { listening } from '../../../test/holding.ts';
import { READERS } from '../../../test/request-readers.ts';
import { until } from '../../../test/serve.ts';
import type { RequestBody } from './http-idempotency.ts';
import { readBody } from './node-request.ts';

type Body = NonNullable<RequestInit['body']>;

interface Read {
  readonly body: RequestBody;
  readonly again: string;
}

/** A server that reads bodies, waits, and reads them again. */
async function reading(limit: number, reader: (request: IncomingMessage) => Promise<string>) {
  const reads: Read[] = [];
  const port = await listening(async (request, response) => {
    const body = await readBody(request, limit);
    for (let turns = 0; turns < 10; turns++) await turn();
    if (body.kind === 'too-large') {
      response.writeHead(413).end();
      return;
    }
    reads.push({ body, again: await reader(request) });
    response.end('ok');
  });
  return { url: `http://127.0.0.1:${port}`, port, reads };
}

const bytesOf = ({ body }: Read) =>
  body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : body.kind;

describe.each(Object.entries(READERS))(
  'a body that was read, read again by %s',
  (_name, reader) => {
    it.each([
      ['of one byte', 'a'],
      ['of many chunks', 'né'.repeat(100_000)],
    ])('is all there: %s', async (_what, sent) => {
      const { url, reads } = await reading(1_000_000, reader);
      for (let i = 0; i < 2; i++) {
        const response = await fetch(url, { method: 'POST', body: sent });
        expect(await response.text()).toBe('ok');
      }
      expect(reads.map(bytesOf)).toEqual([sent, sent]);
      expect(reads.map(({ again }) => again)).toEqual([sent, sent]);
    });

    it('is all there when it came in chunks', async () => {
      const { url, reads } = await reading(1000, reader);
      const body = ReadableStream.from(['one ', 'two ', 'three'].map((part) => Buffer.from(part)));
      await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
      expect([bytesOf(reads[0]!), reads[0]!.again]).toEqual(['one two three', 'one two three']);
    });

    it.each([
      ['without one', 'Content-Length: 0\r\n\r\n'],
      ['of no chunks', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ])('is none of a request %s, and its end is still to come', async (_what, rest) => {
      const { port, reads } = await reading(1000, reader);
      const socket = connect(port, '127.0.0.1');
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
      await until('it is read', () => reads.length === 1);
      expect(reads).toEqual([{ body: { kind: 'none' }, again: '' }]);
      socket.destroy();
    });

    it('is none of a request whose empty body ends later', async () => {
      const { port, reads } = await reading(1000, reader);
      const socket = connect(port, '127.0.0.1');
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let turns = 0; turns < 100; turns++) await turn();
      expect(reads).toEqual([]);
      socket.write('0\r\n\r\n');
      await until('it is read', () => reads.length === 1);
      expect(reads).toEqual([{ body: { kind: 'none' }, again: '' }]);
      socket.destroy();
    });
  },
);

const chunk = (size: number) => `${size.toString(16)}\r\n${'a'.repeat(size)}\r\n`;

describe('a body', () => {
  it.each([
    ['as it says', (body: string): Body => body],
    ['as it turns out', (body: string): Body => ReadableStream.from([Buffer.from(body)])],
  ])('that is too large, %s, is dropped, and the connection goes on', async (_what, bodyOf) => {
    const { url, reads } = await reading(10, text);
    const send = (body: string) =>
      fetch(url, { method: 'POST', body: bodyOf(body), duplex: 'half' } as RequestInit);
    expect((await send('a'.repeat(11))).status).toBe(413);
    expect((await send('a'.repeat(500_000))).status).toBe(413);
    expect(reads).toEqual([]);
    expect((await send('a'.repeat(10))).status).toBe(200);
  });

  it('that is too large is read to its end on the same connection', async () => {
    const { port, reads } = await reading(10, text);
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write(chunk(11));
    await until('it is refused', () => received.startsWith('HTTP/1.1 413'));
    for (let i = 0; i < 20; i++) socket.write(chunk(50_000));
    socket.write('0\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na');
    await until('the next is served', () => received.includes('HTTP/1.1 200'));
    expect(reads.map(bytesOf)).toEqual(['a']);
    socket.destroy();
  });

  it('that says itself that it is too large is refused before it comes', async () => {
    const { port } = await reading(10, text);
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n');
    await until('it is refused', () => received !== '');
    expect(received).toMatch(/^HTTP\/1\.1 413/);
    socket.destroy();
  });

  it('that is destroyed here is an error', async () => {
    const errors: unknown[] = [];
    const port = await listening((request) => {
      const body = readBody(request, 1000).catch((error: unknown) => errors.push(error));
      setImmediate(() => request.destroy());
      return body;
    });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    await until('it is refused', () => errors.length === 1);
    expect(errors).toEqual([new Error('the request broke off')]);
    socket.destroy();
  });

  it('that breaks off is an error, and leaves no listener', async () => {
    const errors: unknown[] = [];
    let incoming!: IncomingMessage;
    const port = await listening((request) => {
      incoming = request;
      request.on('error', () => {});
      return readBody(request, 1000).catch((error: unknown) => errors.push(error));
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    await until('it is asked', () => incoming !== undefined);
    socket.destroy();
    await until('it is refused', () => errors.length === 1);
    expect(errors).toEqual([new Error('the request broke off')]);
    expect(['readable', 'close'].map((name) => incoming.listenerCount(name))).toEqual([0, 0]);
  });
});
