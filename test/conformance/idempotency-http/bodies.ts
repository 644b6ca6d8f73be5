import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { problemIn, type Reply, type Serve, site } from './site.ts';

const NOT_REPLAYABLE = { status: 409, type: 'urn:holdfast:problem:idempotency-not-replayable' };
const binary = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 256);

/** What kinds of answers there are, and which of them are kept. */
export function bodies(serve: Serve): void {
  test('that is binary comes back byte for byte', async () => {
    const headers = { 'Content-Type': 'image/png' };
    const { send, calls } = await site(serve, () => ({ status: 200, headers, body: binary }));
    for (let i = 0; i < 2; i++) {
      const answer = await send('/binary', { key: 'k1' });
      expect(answer.bytes).toEqual(Buffer.from(binary));
      expect(answer.headers.get('content-type')).toBe('image/png');
    }
    expect(calls.length).toBe(1);
  });

  test('that the handler has compressed comes back as it was', async () => {
    const reply: Reply = {
      status: 200,
      headers: { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' },
      body: gzipSync('a'.repeat(1000)),
    };
    const { fetch, calls } = await site(serve, () => reply);
    for (let i = 0; i < 2; i++) {
      const response = await fetch('/binary', { key: 'k1' });
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect(await response.text()).toBe('a'.repeat(1000));
    }
    expect(calls.length).toBe(1);
    expect(gunzipSync(reply.body as Buffer).length).toBe(1000);
  });

  test('that is a stream within the bound is kept like any other', async () => {
    const { send, calls } = await site(serve, () => ({
      status: 200,
      headers: { 'Content-Type': 'application/octet-stream' },
      body: pieces(binary.subarray(0, 300), binary.subarray(300)),
    }));
    for (let i = 0; i < 2; i++) {
      expect((await send('/stream', { key: 'k1' })).bytes).toEqual(Buffer.from(binary));
    }
    expect(calls.length).toBe(1);
  });
}

/** What is too much to be kept, or to be taken. */
export function boundedBodies(serve: Serve): void {
  test.each([
    ['in one piece', () => 'x'.repeat(5000)],
    ['in pieces', () => pieces(...Array.from({ length: 50 }, () => Buffer.alloc(100, 'x')))],
  ])('beyond the bound, %s, goes out whole and cannot be replayed', async (_, body) => {
    const headers = { 'Content-Type': 'text/plain' };
    const { send, calls } = await site(serve, () => ({ status: 200, headers, body: body() }), {
      http: { maxResponseBody: 1000 },
    });
    expect((await send('/stream', { key: 'k1' })).text).toBe('x'.repeat(5000));
    const again = await send('/stream', { key: 'k1' });
    expect(problemIn(again)).toEqual(NOT_REPLAYABLE);
    expect(again.status).toBe(409);
    expect(calls.length).toBe(1);
  });

  test('of exactly the bound is kept', async () => {
    const body = 'x'.repeat(1000);
    const headers = { 'Content-Type': 'text/plain' };
    const { send } = await site(serve, () => ({ status: 200, headers, body }), {
      http: { maxResponseBody: 1000 },
    });
    await send('/charge', { key: 'k1' });
    expect((await send('/charge', { key: 'k1' })).text).toBe(body);
  });

  test.each([
    ['as its head says', false],
    ['as it turns out', true],
  ])(
    'of a request past the bound, %s, is answered 413, and the handler does not run',
    async (_, chunked) => {
      const { send, calls } = await site(serve, () => ({ status: 200 }), {
        http: { maxRequestBody: 1000 },
      });
      const body = { text: 'x'.repeat(2000) };
      const answer = await send('/charge', { key: 'k1', body, chunked });
      expect(answer.status).toBe(413);
      expect(problemIn(answer).type).toBe('urn:holdfast:problem:idempotency-body-too-large');
      expect(calls).toEqual([]);
      expect((await send('/charge', { key: 'k1', body: {}, chunked })).status).toBe(200);
      const within = JSON.stringify({ text: 'x'.repeat(989) });
      expect((await send('/charge', { key: 'k2', body: within, chunked })).status).toBe(200);
    },
  );

  test('of a request may be told by its digest, of whatever size, and still reaches the handler', async () => {
    const { send, calls } = await site(serve, () => ({ status: 200, body: 'done' }), {
      http: { trustContentDigest: true, maxRequestBody: 10 },
    });
    const ask = (text: string, chunked: boolean) => {
      const digest = createHash('sha256').update(text).digest('base64');
      const headers = { 'Content-Digest': `sha-256=:${digest}:` };
      return send('/charge', { key: 'k1', body: { text }, headers, chunked });
    };
    const text = 'x'.repeat(1000);
    expect((await ask(text, true)).text).toBe('done');
    expect((await ask(text, false)).headers.get('idempotent-replayed')).toBe('true');
    expect(problemIn(await ask(`${text}y`, true))).toMatchObject({ status: 422 });
    expect(calls.map(({ body }) => body)).toEqual([{ text }]);
  });
}

async function* pieces(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
