import { expect, test } from 'vitest';
import { until } from '../../../packages/holdfast/test/serve.ts';
import { gate, problemIn, raw, type Reply, type Serve, site } from './site.ts';

const ok: Reply = { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'done' };

/** What keys may be, and what becomes of two requests with the same one at once. */
export function keys(serve: Serve): void {
  test('means the same with quotes and without', async () => {
    const { send, calls } = await site(serve, () => ok);
    for (const key of ['"a b"', '"a b"', '"abc"', '"abc"']) await send('/charge', { key });
    const bare = await send('/charge', { key: 'abc' });
    expect(bare.headers.get('idempotent-replayed')).toBe('true');
    expect(calls.map(({ execution }) => execution?.key)).toEqual(['a b', 'abc']);
  });

  test.each([
    ['is empty', '""'],
    ['is a list', 'a, b'],
    ['is not closed', '"abc'],
    ['has a space', 'a b'],
    ['has letters that are not ASCII', 'caf\u00e9'],
    ['is too long', 'k'.repeat(256)],
  ])('that %s is answered 400, and the handler does not run', async (_, key) => {
    const { send, calls } = await site(serve, () => ok);
    const answer = await send('/charge', { key });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(problemIn(answer)).toEqual({
      status: 400,
      type: 'urn:holdfast:problem:idempotency-key-malformed',
    });
    expect(answer.status).toBe(400);
    if (key.length > 4) expect(answer.text).not.toContain(key);
    expect(calls).toEqual([]);
  });

  test('may have 255 characters', async () => {
    const { send } = await site(serve, () => ok);
    expect((await send('/charge', { key: 'k'.repeat(255) })).status).toBe(200);
  });

  test('that was sent twice is answered 400, even if both are the same', async () => {
    const { port, calls } = await site(serve, () => ok);
    const lines = ['POST /charge HTTP/1.1', 'Idempotency-Key: a', 'Idempotency-Key: a'];
    const answer = await raw(port, [...lines, 'Content-Type: application/json'], '{}');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('urn:holdfast:problem:idempotency-key-malformed');
    expect(calls).toEqual([]);
  });

  test('is the same whether a request names its host in its first line, as proxies do, or not', async () => {
    const { port, calls } = await site(serve, () => ok);
    const lines = ['Idempotency-Key: a', 'Content-Type: application/json'];
    for (const host of ['http://shop.test', '', 'http://other.test']) {
      const answer = await raw(port, [`POST ${host}/charge?a=1 HTTP/1.1`, ...lines], '{}');
      expect([host, answer]).toEqual([host, expect.stringMatching(/^HTTP\/1\.1 200 /)]);
    }
    expect(calls).toHaveLength(1);
  });

  test('that is missing is answered 400 where the route needs one', async () => {
    const { send, calls } = await site(serve, () => ok, { route: { required: true } });
    const answer = await send('/charge');
    expect(answer.status).toBe(400);
    expect(problemIn(answer)).toEqual({
      status: 400,
      type: 'urn:holdfast:problem:idempotency-key-missing',
    });
    expect(calls).toEqual([]);
    expect((await send('/charge', { key: 'k1' })).status).toBe(200);
  });
}

/** What becomes of a second request with a key. */
export function usedKeys(serve: Serve): void {
  test('that is in use is answered 409 with a time to come back', async () => {
    const { opened, open } = gate();
    const { send, calls } = await site(serve, () => opened.then(() => ok));
    const first = send('/charge', { key: 'secret-key' });
    await until('the first runs', () => calls.length === 1);
    const second = await send('/charge', { key: 'secret-key' });
    expect(second.status).toBe(409);
    expect(problemIn(second)).toEqual({
      status: 409,
      type: 'urn:holdfast:problem:idempotency-in-progress',
    });
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(second.text).not.toContain('secret-key');
    open();
    expect((await first).text).toBe('done');
    expect((await send('/charge', { key: 'secret-key' })).text).toBe('done');
    expect(calls.length).toBe(1);
  });

  test('that is in use is waited for where the options say so', async () => {
    const { opened, open } = gate();
    const { send, calls } = await site(serve, () => opened.then(() => ok), {
      engine: { wait: '30s' },
    });
    const first = send('/charge', { key: 'k1' });
    await until('the first runs', () => calls.length === 1);
    const second = send('/charge', { key: 'k1' });
    open();
    expect((await first).text).toBe('done');
    expect((await second).text).toBe('done');
    expect((await second).headers.get('idempotent-replayed')).toBe('true');
    expect(calls.length).toBe(1);
  });

  test('is another key on another route', async () => {
    const { send, calls } = await site(serve, ({ route }) => ({ status: 200, body: route }));
    expect((await send('/charge', { key: 'k1' })).text).toBe('POST /charge');
    expect((await send('/fail', { key: 'k1' })).text).toBe('POST /fail');
    expect(calls.length).toBe(2);
  });

  test('is never replayed for another thing of the same route', async () => {
    const { send, calls } = await site(serve, ({ id }) => ({ status: 200, body: `thing ${id}` }));
    const one = await send('/thing/1', { method: 'PUT', key: 'k1' });
    const other = await send('/thing/2', { method: 'PUT', key: 'k1' });
    const again = await send('/thing/1', { method: 'PUT', key: 'k1' });
    expect(one.text).toBe('thing 1');
    // Where the framework tells the route's template, the two share a key, else not.
    expect([422, 200]).toContain(other.status);
    expect(other.text).not.toContain('thing 1');
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual(['thing 1', 'true']);
    expect(calls.filter(({ id }) => id === '1').length).toBe(1);
  });
}
