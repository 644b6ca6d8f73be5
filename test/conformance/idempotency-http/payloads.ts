import { expect, test } from 'vitest';
import { until } from '../../../packages/holdfast/test/serve.ts';
import { gate, problemIn, type Reply, type Serve, site } from './site.ts';

const ok: Reply = { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'done' };
const REUSED = { status: 422, type: 'urn:holdfast:problem:idempotency-key-reused' };

/** What makes two requests the same. */
export function payloads(serve: Serve): void {
  test('is the same in any order of keys and with any white space', async () => {
    const { send, calls } = await site(serve, () => ok);
    const bodies = [
      '{"a":1,"b":{"c":[1,2],"d":null}}',
      '{ "b": {"d":null, "c":[1, 2]},\n"a": 1.0 }',
    ];
    for (const body of bodies) {
      expect((await send('/charge', { key: 'k1', body })).text).toBe('done');
    }
    expect(calls.length).toBe(1);
  });

  test.each([
    ['a value', '{"a":[1,3]}'],
    ['the order of a list', '{"a":[2,1]}'],
    ['a key more', '{"a":[1,2],"b":null}'],
    ['a number that was text', '{"a":[1,"2"]}'],
  ])('is another with %s, and is refused', async (_, other) => {
    const { send, calls } = await site(serve, () => ok);
    await send('/charge', { key: 'k1', body: '{"a":[1,2]}' });
    const answer = await send('/charge', { key: 'k1', body: other });
    expect(problemIn(answer)).toEqual(REUSED);
    expect(answer.status).toBe(422);
    expect(answer.text).not.toContain('k1');
    expect(calls.length).toBe(1);
  });

  test('counts in the query as well', async () => {
    const { send, calls } = await site(serve, () => ok);
    await send('/charge?to=1', { key: 'k1' });
    expect((await send('/charge?to=2', { key: 'k1' })).status).toBe(422);
    expect(calls.length).toBe(1);
  });

  test('that is another is refused while the first is in progress, rather than told to come back', async () => {
    const { opened, open } = gate();
    const { send, calls } = await site(serve, () => opened.then(() => ok));
    const first = send('/charge', { key: 'k1', body: { amount: 5 } });
    await until('the first runs', () => calls.length === 1);
    const other = await send('/charge', { key: 'k1', body: { amount: 6, pin: 'very-secret' } });
    expect(problemIn(other)).toEqual(REUSED);
    expect(other.headers.get('retry-after')).toBe(null);
    expect(other.text).not.toContain('very-secret');
    open();
    await first;
  });

  test('may be missing', async () => {
    const { send, calls } = await site(serve, ({ body }) => ({
      status: 200,
      body: body === undefined ? 'none' : 'some',
    }));
    for (let i = 0; i < 2; i++) {
      expect((await send('/charge', { key: 'k1', body: null })).text).toBe('none');
    }
    expect((await send('/charge', { key: 'k1', body: '{}' })).status).toBe(422);
    expect(calls.length).toBe(1);
  });
}
