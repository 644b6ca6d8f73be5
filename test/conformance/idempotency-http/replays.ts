import { expect, test } from 'vitest';
import { type Reply, type Serve, site } from './site.ts';

const created: Reply = {
  status: 201,
  headers: {
    'Content-Type': 'application/json',
    'Content-Language': 'en',
    ETag: '"1"',
    Location: '/charges/1',
    'Set-Cookie': ['session=secret; HttpOnly', 'b=2'],
    'X-Request-Id': 'r1',
    'Cache-Control': 'no-store',
  },
  body: '{ "id":  1 }',
};

/** What a replay has of the first answer, and what it has not. */
export function replays(serve: Serve): void {
  test('has the first answer, byte for byte, with the headers that may be replayed', async () => {
    const { send, calls } = await site(serve, () => created);
    const first = await send('/charge', { key: 'k1' });
    const again = await send('/charge', { key: 'k1' });
    expect(calls.length).toBe(1);
    expect(again.status).toBe(201);
    expect(again.text).toBe('{ "id":  1 }');
    expect(first.text).toBe(again.text);
    for (const name of ['content-type', 'content-language', 'etag', 'location']) {
      expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
      expect(first.headers.get(name)).not.toBe(null);
    }
    expect(again.headers.get('content-length')).toBe('12');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBe(null);
  });

  test('has no header of one message or one caller, all of which the first answer had', async () => {
    const { send } = await site(serve, () => created);
    const first = await send('/charge', { key: 'k1' });
    const again = await send('/charge', { key: 'k1' });
    expect(first.headers.getSetCookie()).toEqual(['session=secret; HttpOnly', 'b=2']);
    expect(first.headers.get('x-request-id')).toBe('r1');
    expect(again.headers.getSetCookie()).toEqual([]);
    expect(again.headers.get('x-request-id')).toBe(null);
  });

  test('says for how many seconds the key is still remembered', async () => {
    const { send } = await site(serve, () => created, { engine: { retention: '1d' } });
    const first = await send('/charge', { key: 'k1' });
    const again = await send('/charge', { key: 'k1' });
    expect(first.headers.get('idempotency-expires-in')).toBe(null);
    const left = Number(again.headers.get('idempotency-expires-in'));
    expect(left).toBeGreaterThan(86_000);
    expect(left).toBeLessThanOrEqual(86_400);
  });

  test('of an answer without a body is without one', async () => {
    const { send, calls } = await site(serve, ({ body }) => ({
      status: (body as { status: number }).status,
    }));
    for (const status of [204, 200, 404]) {
      const sent = { key: `k${status}`, body: { status } };
      const first = await send('/charge', sent);
      const again = await send('/charge', sent);
      expect([first.status, first.text]).toEqual([status, '']);
      expect([again.status, again.text]).toEqual([status, '']);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    }
    expect(calls.length).toBe(3);
  });

  test('of a redirect leads to the same place', async () => {
    const reply = { status: 303, headers: { Location: '/receipts/7' } };
    const { send, calls } = await site(serve, () => reply);
    for (const replayed of [null, 'true']) {
      const answer = await send('/charge', { key: 'k1' });
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe('/receipts/7');
      expect(answer.headers.get('idempotent-replayed')).toBe(replayed);
    }
    expect(calls.length).toBe(1);
  });
}

/** Which requests get a replay, and which do not. */
export function replayedRequests(serve: Serve): void {
  test('is given however often and by however many it is asked for at once', async () => {
    const { send, calls } = await site(serve, async () => created, { engine: { wait: '10s' } });
    const all = await Promise.all(Array.from({ length: 20 }, () => send('/charge', { key: 'k1' })));
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(all.filter(({ headers }) => headers.has('idempotent-replayed')).length).toBe(19);
    expect(calls.length).toBe(1);
  });

  test('is of what was asked, not of a GET, which runs each time', async () => {
    const { send, calls } = await site(serve, ({ method }) => ({ status: 200, body: method }));
    await send('/charge', { key: 'k1' });
    for (let i = 0; i < 2; i++) {
      const answer = await send('/charge', { method: 'GET', key: 'k1' });
      expect([answer.text, answer.headers.get('idempotent-replayed')]).toEqual(['GET', null]);
    }
    expect(calls.map(({ route }) => route)).toEqual(['POST /charge', 'GET /charge', 'GET /charge']);
  });

  test('is not given to a request without a key, which is not kept either', async () => {
    const { send, calls } = await site(serve, () => created);
    await send('/charge');
    const again = await send('/charge');
    expect(again.headers.get('idempotent-replayed')).toBe(null);
    expect(calls.map(({ execution }) => execution)).toEqual([undefined, undefined]);
  });

  test('was of a handler that could read the body and had its execution', async () => {
    const { send, calls } = await site(serve, () => created);
    await send('/charge', { key: 'k1', body: { amount: 5, to: 'é' } });
    expect(calls[0]!.body).toEqual({ amount: 5, to: 'é' });
    expect(calls[0]!.execution).toMatchObject({ key: 'k1', attempt: 1 });
    expect(calls[0]!.execution!.keyFor('card')).toMatch(/^[\w-]{1,64}$/);
  });

  test('is of one tenant alone', async () => {
    const { send, calls } = await site(serve, () => ({ status: 200, body: `${calls.length}` }), {
      http: { tenant: tenantOf, multiTenant: true },
    });
    const from = async (who: string): Promise<string> =>
      (await send('/charge', { key: 'k1', headers: { 'X-Tenant': who } })).text;
    expect([await from('a'), await from('b'), await from('a')]).toEqual(['1', '2', '1']);
    const nobody = await send('/charge', { key: 'k1' });
    expect(nobody.status).toBe(500);
    expect(nobody.text).not.toContain('k1');
    expect(calls.length).toBe(2);
  });
}

/** The tenant that a request names, whatever the framework: one of Node's, or one with a Request of the web inside. */
function tenantOf(source: unknown): string | undefined {
  const { headers, req } = source as {
    headers?: Record<string, string>;
    req?: { raw?: Request; headers?: Record<string, string> };
  };
  return (
    headers?.['x-tenant'] ??
    req?.headers?.['x-tenant'] ??
    req?.raw?.headers.get('x-tenant') ??
    undefined
  );
}
