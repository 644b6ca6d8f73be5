import type { Unfinished } from 'holdfast/idempotency';
import { expect, test } from 'vitest';
import { settle } from '../../../packages/holdfast/src/server/idempotency/http.ts';
import { type Answer, problemIn, type Serve, site } from './site.ts';

const UNKNOWN = 'urn:holdfast:problem:idempotency-outcome-unknown';
const REUSED = 'urn:holdfast:problem:idempotency-key-reused';

/** What a person makes of a request whose outcome is unknown. */
export function settling(serve: Serve): void {
  test('is answered with what a person has found, and another payload is refused as before', async () => {
    const { send, calls, engine } = await site(serve, () => ({ status: 500, body: 'oh' }), {
      http: { tenant: () => 'acme' },
    });
    await send('/charge', { key: 'k1' });
    expect(problemIn(await send('/charge', { key: 'k1' })).type).toBe(UNKNOWN);
    const request = { key: 'k1', method: 'POST', route: '/charge', tenant: 'acme' };
    const headers = { 'Content-Type': 'text/plain', Location: '/charges/7' };
    const result = { status: 201, headers, body: 'charged' };
    expect(await settle(engine, request, { outcome: 'done', result })).toBe('settled');
    const replay = await send('/charge', { key: 'k1' });
    expect([replay.status, replay.text]).toEqual([201, 'charged']);
    expect(replay.headers.get('location')).toBe('/charges/7');
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    const other = await send('/charge', { key: 'k1', body: { amount: 6 } });
    expect(problemIn(other)).toEqual({ status: 422, type: REUSED });
    expect(await settle(engine, request, { outcome: 'nothing-happened' })).toBe('completed');
    expect(calls.length).toBe(1);
  });

  test('is done after all where nothing has happened', async () => {
    const { send, calls, engine } = await site(serve, () => ({
      status: calls.length === 1 ? 500 : 201,
    }));
    await send('/charge', { key: 'k1' });
    const request = { key: 'k1', method: 'POST', route: '/charge' };
    const none = { outcome: 'nothing-happened' } as const;
    expect(await settle(engine, { ...request, tenant: 'acme' }, none)).toBe('absent');
    expect(await settle(engine, { ...request, method: 'PUT' }, none)).toBe('absent');
    expect(await settle(engine, request, none)).toBe('settled');
    expect((await send('/charge', { key: 'k1' })).status).toBe(201);
  });

  test('is known by the scope that reconcile was told', async () => {
    const asked: Unfinished[] = [];
    const { send, engine } = await site(serve, () => ({ status: 500 }), {
      engine: {
        lease: 100,
        reconcile: (unfinished) => {
          asked.push(unfinished);
          return { outcome: 'unknown' };
        },
      },
    });
    await send('/thing/7', { method: 'PUT', key: 'k1' });
    let again: Answer;
    do again = await send('/thing/7', { method: 'PUT', key: 'k1' });
    while (problemIn(again).type !== UNKNOWN);
    const { key, scope } = asked[0]!;
    const [, method, route] = scope as [string, string, string];
    expect([method, ['/thing/7', '/thing/:id']]).toEqual(['PUT', expect.arrayContaining([route])]);
    const done = { outcome: 'done', result: { thing: 7 } } as const;
    expect(await settle(engine, { key, method, route }, done)).toBe('settled');
    const replay = await send('/thing/7', { method: 'PUT', key: 'k1' });
    expect([replay.status, JSON.parse(replay.text)]).toEqual([200, { thing: 7 }]);
  });
}
