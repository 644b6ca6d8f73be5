import { expect, test } from 'vitest';
import { gate, problemIn, type Reply, type Serve, site, twoEvents } from './site.ts';

const NOT_REPLAYABLE = { status: 409, type: 'urn:holdfast:problem:idempotency-not-replayable' };

/** Answers that are streams to be read while they are written, and what repeats get in their place. */
export function unkept(serve: Serve): void {
  test('that comes slowly goes out as it is written, after a while, and cannot be replayed', async () => {
    const { opened, open } = gate();
    const handle = (): Reply => ({
      status: 201,
      headers: { 'Content-Type': 'text/plain', Location: '/jobs/7' },
      body: (async function* () {
        yield Buffer.from('one, ');
        yield Buffer.from('two, ');
        await opened;
        yield Buffer.from('three');
      })(),
    });
    const { fetch, send, calls } = await site(serve, handle, { http: { maxResponseHold: '20ms' } });
    const response = await fetch('/stream', { key: 'k1' });
    const reader = response.body!.getReader();
    let text = '';
    const readTo = async (end: string): Promise<void> => {
      while (!text.endsWith(end)) text += Buffer.from((await reader.read()).value!).toString();
    };
    await readTo('two, ');
    const again = await send('/stream', { key: 'k1' });
    expect(problemIn(again)).toEqual(NOT_REPLAYABLE);
    expect(again.headers.get('location')).toBe('/jobs/7');
    open();
    await readTo('three');
    expect([text, (await reader.read()).done]).toEqual(['one, two, three', true]);
    expect([response.status, calls.length]).toEqual([201, 1]);
  });

  test('that was not kept leads repeats to where the first did, where the options say so', async () => {
    const { send, calls } = await site(serve, ({ body }) => leading((body as { to: string }).to), {
      http: { maxResponseBody: 10, replayUnkept: 'location' },
    });
    const ask = (key: string, to: string) => send('/charge', { key, body: { to } });
    expect((await ask('k1', '/jobs/7')).status).toBe(201);
    const again = await ask('k1', '/jobs/7');
    expect([again.status, again.text, again.headers.get('location')]).toEqual([200, '', '/jobs/7']);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await ask('k2', '')).status).toBe(201);
    expect(problemIn(await ask('k2', ''))).toEqual(NOT_REPLAYABLE);
    expect(calls.length).toBe(2);
  });

  test('of server-sent events goes out as it is written, and cannot be replayed', async () => {
    const { opened, open } = gate();
    const { fetch, send, calls } = await site(serve, () => twoEvents(opened));
    const response = await fetch('/stream', { key: 'k1' });
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n');
    expect(problemIn(await send('/stream', { key: 'k1' }))).toEqual(NOT_REPLAYABLE);
    open();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 2\n\n');
    expect((await reader.read()).done).toBe(true);
    expect(calls.length).toBe(1);
  });
}

/** More than is kept, leading to another place, or to none. */
function leading(to: string): Reply {
  const location: Record<string, string> = to === '' ? {} : { Location: to };
  const headers = { 'Content-Type': 'text/plain', ...location };
  return { status: 201, headers, body: 'x'.repeat(100) };
}
