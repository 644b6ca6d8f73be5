import { connect } from 'node:net';
import { memoryStore } from 'holdfast/memory';
import { expect, test } from 'vitest';
import { until } from '../../../packages/holdfast/test/serve.ts';
import { altered, gate, problemIn, type Reply, type Serve, site } from './site.ts';

const ok: Reply = { status: 201, headers: { 'Content-Type': 'text/plain' }, body: 'done' };
const down = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:6379'));

/** What a store's being down comes to. */
export function stores(serve: Serve): void {
  test('that is down closes the route: 503 with a time to come back', async () => {
    const { send, calls } = await site(serve, () => ok, { store: altered({ claim: down }) });
    const answer = await send('/charge', { key: 'secret-key' });
    expect(answer.status).toBe(503);
    expect(problemIn(answer)).toEqual({
      status: 503,
      type: 'urn:holdfast:problem:idempotency-store-unavailable',
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(answer.text).not.toMatch(/10\.0\.0\.1|secret-key/);
    expect(calls).toEqual([]);
  });

  test('that is down lets an open route go on, unprotected', async () => {
    const { send, calls } = await site(serve, () => ok, {
      store: altered({ claim: down }),
      route: { onStoreDown: 'open' },
    });
    for (let i = 0; i < 2; i++) {
      const answer = await send('/charge', { key: 'k1' });
      expect([answer.status, answer.text]).toEqual([201, 'done']);
      expect(answer.headers.get('idempotent-replayed')).toBe(null);
    }
    expect(calls.length).toBe(2);
  });

  test('that is slow does not hold an answer back where it may leave first', async () => {
    const { opened, open } = gate();
    const inner = memoryStore();
    const store = altered({
      claim: (request) => inner.claim(request),
      complete: async (owned, result, retention) => {
        await opened;
        return inner.complete(owned, result, retention);
      },
    });
    const { send, calls } = await site(serve, () => ok, {
      store,
      engine: { storeTimeout: '30s', wait: '30s' },
      http: { persist: 'after-send' },
    });
    expect((await send('/charge', { key: 'k1' })).text).toBe('done');
    const again = send('/charge', { key: 'k1' });
    open();
    expect((await again).headers.get('idempotent-replayed')).toBe('true');
    expect(calls.length).toBe(1);
  });
}

/** What leaves, and when, as the store keeps it or not. */
export function durability(serve: Serve): void {
  test('that does not hear of the answer does not keep it from the client', async () => {
    const { send, calls } = await site(serve, () => ok, { store: altered({ complete: down }) });
    const answer = await send('/charge', { key: 'k1' });
    expect([answer.status, answer.text]).toEqual([201, 'done']);
    expect((await send('/charge', { key: 'k1' })).status).toBe(409);
    expect(calls.length).toBe(1);
  });

  test('that has given the key to another by then has their answer sent, not this one', async () => {
    const headers = { ...ok.headers, Location: '/1', Vary: 'Accept' };
    const reply: Reply = { ...ok, headers };
    const { send } = await site(serve, () => reply, {
      store: altered({ complete: async () => false }),
    });
    const origin = { Origin: 'https://shop.example' };
    const answer = await send('/charge', { key: 'k1', headers: origin });
    expect(answer.status).toBe(409);
    expect(problemIn(answer).type).toBe('urn:holdfast:problem:idempotency-lease-lost');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('location')).toBe(null);
    // Of those set before the handler, such as CORS, without which a browser shows no answer.
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  test.each(['/charge', '/stream'])('holds every byte of %s back until it has it', async (path) => {
    const { opened, open } = gate();
    let isAsked = false;
    const inner = memoryStore();
    const store = altered({
      claim: (request) => inner.claim(request),
      extend: (owned, lease) => inner.extend(owned, lease),
      complete: async (owned, result, retention) => {
        isAsked = true;
        await opened;
        return inner.complete(owned, result, retention);
      },
    });
    const handle = (): Reply => (path === '/stream' ? { ...ok, body: pieces() } : ok);
    const { port } = await site(serve, handle, { store, engine: { storeTimeout: '30s' } });
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k1\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
    await until('the store is asked to keep the answer', () => isAsked);
    // What could leave would have left in the turns that follow.
    for (let turn = 0; turn < 50; turn++) await new Promise((done) => void setImmediate(done));
    expect(received).toBe('');
    open();
    await until('the answer arrives', () => /\r\n\r\n(done|[^]*0\r\n\r\n)$/.test(received));
    expect(received).toMatch(/^HTTP\/1\.1 201 /);
    socket.destroy();
  });
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('do');
  yield Buffer.from('ne');
}
