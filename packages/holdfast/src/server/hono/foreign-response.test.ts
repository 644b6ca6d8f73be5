import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { idempotent } from 'holdfast/hono';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { expect, onTestFinished, test } from 'vitest';

/** As a ponyfill has them (that of graphql-yoga): neither is one of Node's, and the headers are in a member of theirs. */
class ForeignHeaders {
  readonly map: Map<string, string>;
  constructor(entries: readonly (readonly [string, string])[]) {
    this.map = new Map(entries);
  }
  get(name: string): string | null {
    return this.map.get(name.toLowerCase()) ?? null;
  }
  has(name: string): boolean {
    return this.map.has(name.toLowerCase());
  }
  entries() {
    return this.map.entries();
  }
  [Symbol.iterator]() {
    return this.map.entries();
  }
}

function foreignResponse(text: string): Response {
  const headers = new ForeignHeaders([['content-type', 'application/json']]);
  const { body } = new Response(text);
  return { status: 201, statusText: '', headers, body } as unknown as Response;
}

test.each([
  ['whole', 1000],
  ['too large to be kept', 5],
])('an answer of another Response than the server has is sent, %s', async (_how, most) => {
  const app = new Hono();
  const engine = idempotency({ store: memoryStore() });
  app.post('/charge', idempotent(engine, { maxResponseBody: most }), () =>
    foreignResponse('{"receipt":1}'),
  );
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const headers = { 'Idempotency-Key': 'k1' };
  const response = await fetch(`http://127.0.0.1:${port}/charge`, { method: 'POST', headers });
  expect([response.status, await response.text()]).toEqual([201, '{"receipt":1}']);
  expect(response.headers.get('content-type')).toBe('application/json');
});
