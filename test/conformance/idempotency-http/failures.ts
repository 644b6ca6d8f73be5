import { type IdempotencyEvent, safeToRetry } from 'holdfast/idempotency';
import { expect, test } from 'vitest';
import { until } from '../../../packages/holdfast/test/serve.ts';
import type { HttpIdempotencyOptions } from '../../../packages/holdfast/src/server/idempotency/http.ts';
import { gate, problemIn, type Reply, type Serve, site } from './site.ts';

const UNKNOWN = { status: 409, type: 'urn:holdfast:problem:idempotency-outcome-unknown' };

/** What becomes of a key when something goes wrong. */
export function failures(serve: Serve): void {
  test('of a handler that throws leaves the outcome unknown: a repeat does not run it', async () => {
    const { send, calls } = await site(serve, () => {
      throw new Error('card network says: 4242');
    });
    const first = await send('/fail', { key: 'k1' });
    expect(first.status).toBe(500);
    const again = await send('/fail', { key: 'k1' });
    expect(problemIn(again)).toEqual(UNKNOWN);
    expect(again.status).toBe(409);
    expect(again.text).not.toContain('4242');
    expect(calls.length).toBe(1);
  });

  test('that is marked as harmless releases the key', async () => {
    const { send, calls } = await site(serve, () => {
      if (calls.length === 1) throw safeToRetry(new Error('not yet connected'));
      return { status: 200, body: 'done' };
    });
    expect((await send('/fail', { key: 'k1' })).status).toBe(500);
    expect((await send('/fail', { key: 'k1' })).text).toBe('done');
    expect(calls.length).toBe(2);
  });

  test.each([400, 402, 404, 422])('that is the answer %d is stored', async (status) => {
    const { send, calls } = await site(serve, () => ({ status, body: `no ${calls.length}` }));
    for (let i = 0; i < 2; i++) {
      const answer = await send('/charge', { key: 'k1' });
      expect([answer.status, answer.text]).toEqual([status, 'no 1']);
    }
    expect(calls.length).toBe(1);
  });

  test.each([401, 403, 409, 425, 429, 503])(
    'that is the answer %d releases the key',
    async (status) => {
      const { send, calls } = await site(serve, () => ({
        status: calls.length === 1 ? status : 200,
      }));
      expect((await send('/charge', { key: 'k1' })).status).toBe(status);
      expect((await send('/charge', { key: 'k1' })).status).toBe(200);
    },
  );

  test.each([408, 500, 502, 504])(
    'that is the answer %d leaves the outcome unknown',
    async (status) => {
      const { send, calls } = await site(serve, () => ({ status, body: 'oh' }));
      const first = await send('/charge', { key: 'k1' });
      expect([first.status, first.text]).toEqual([status, 'oh']);
      expect(problemIn(await send('/charge', { key: 'k1' }))).toEqual(UNKNOWN);
      expect(calls.length).toBe(1);
    },
  );

  test('that is an answer is kept or not as the options say', async () => {
    const { send, calls } = await site(serve, () => ({ status: 500, body: `${calls.length}` }), {
      http: { storeResult: ({ status }) => (status === 500 ? 'store' : 'release') },
    });
    for (let i = 0; i < 2; i++) expect((await send('/charge', { key: 'k1' })).text).toBe('1');
  });
}

/** Functions of the options that fail before the handler, what they are, and how that is answered. */
const HOOKS: readonly (readonly [string, HttpIdempotencyOptions, number, string])[] = [
  ['tenant', { tenant: failing }, 500, 'idempotency-tenant-missing'],
  ['tenant', { tenant: async () => failing() } as never, 500, 'idempotency-tenant-missing'],
  ['fingerprintBody', { fingerprintBody: failing }, 400, 'idempotency-body-unreadable'],
  ['fingerprintBody', { fingerprintBody: () => NaN }, 400, 'idempotency-body-unreadable'],
];

/** What is told of a function of the options that fails before the handler. */
export function failingHooks(serve: Serve): void {
  test.each(HOOKS)(
    'of %s is told, and not to the client: %#',
    async (hook, http, status, problem) => {
      const events: IdempotencyEvent[] = [];
      const onEvent = (event: IdempotencyEvent): void => void events.push(event);
      const { send, calls } = await site(serve, () => ({ status: 200 }), {
        http,
        engine: { onEvent, startCheck: false },
      });
      const answer = await send('/charge', { key: 'k1' });
      expect(problemIn(answer)).toEqual({ status, type: `urn:holdfast:problem:${problem}` });
      expect(answer.text).not.toContain('4242');
      const error = expect.any(Error) as Error;
      expect(events).toMatchObject([{ type: 'idempotency.hook-failed', hook, error }]);
      expect(calls).toEqual([]);
    },
  );
}

function failing(): never {
  throw new Error('no customer with card 4242');
}

/** What becomes of a handler whose client leaves. */
export function departures(serve: Serve): void {
  test('of the client to stay leaves the handler running, and the retry gets its answer', async () => {
    const { opened, open } = gate();
    const reply: Reply = {
      status: 201,
      headers: { 'Content-Type': 'text/plain' },
      body: 'charged',
    };
    let aborted = false;
    const { send, calls } = await site(serve, async ({ execution }) => {
      execution!.signal.addEventListener('abort', () => (aborted = true));
      await opened;
      return reply;
    });
    const leaving = new AbortController();
    const first = send('/charge', { key: 'k1', signal: leaving.signal });
    await until('the handler runs', () => calls.length === 1);
    leaving.abort();
    await expect(first).rejects.toThrow(/abort/);
    const meanwhile = await send('/charge', { key: 'k1' });
    expect(problemIn(meanwhile).type).toBe('urn:holdfast:problem:idempotency-in-progress');
    open();
    let again = meanwhile;
    for (let left = 200; again.status === 409 && left > 0; left--) {
      again = await send('/charge', { key: 'k1' });
    }
    expect([again.status, again.text]).toEqual([201, 'charged']);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect([calls.length, aborted]).toEqual([1, false]);
  });

  test('of the client to wait for another ends its wait', async () => {
    const { opened, open } = gate();
    const { send, calls } = await site(serve, () => opened.then(() => ({ status: 200 })), {
      engine: { wait: '1h', maxWaiters: 1 },
    });
    const first = send('/charge', { key: 'k1' });
    await until('the handler runs', () => calls.length === 1);
    const leaving = new AbortController();
    const second = send('/charge', { key: 'k1', signal: leaving.signal });
    const refused = async (): Promise<boolean> => {
      const third = new AbortController();
      const answer = send('/charge', { key: 'k1', signal: third.signal }).catch(() => null);
      const waits = Symbol('waits');
      const result = await Promise.race([answer, afterTurns(waits)]);
      if (result === waits) third.abort();
      return result !== waits;
    };
    // With room for one waiter, whoever comes third is refused while the second waits.
    for (let left = 100; !(await refused()) && left > 0; left--);
    leaving.abort();
    await expect(second).rejects.toThrow(/abort/);
    let isFree = false;
    for (let left = 100; !isFree && left > 0; left--) isFree = !(await refused());
    expect(isFree).toBe(true);
    open();
    expect((await first).status).toBe(200);
  });
}

async function afterTurns<T>(value: T): Promise<T> {
  for (let turns = 0; turns < 200; turns++) await new Promise((done) => void setImmediate(done));
  return value;
}
