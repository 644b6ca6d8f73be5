import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from '../../../packages/holdfast/test/serve.ts';
import { gate, type Serve, site, twoEvents } from './site.ts';

/** What an engine's close that waits, waits for. */
export function closing(serve: Serve): void {
  test('is over once the answers of what ran have left, to their last byte', async () => {
    const { opened, open } = gate();
    const { fetch, engine } = await site(serve, () => twoEvents(opened));
    const response = await fetch('/stream', { key: 'k1' });
    expect(engine.snapshot()).toMatchObject({ running: 0 });
    let isClosed = false;
    const closed = engine.close({ wait: '1m' }).then(() => (isClosed = true));
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(isClosed).toBe(false);
    open();
    expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n');
    await closed;
  });

  test('does not wait for an answer whose client has gone', async () => {
    const { opened, open } = gate();
    const { fetch, engine, calls } = await site(serve, async () => {
      await opened;
      return { status: 201, headers: { 'Content-Type': 'text/plain' }, body: 'done' };
    });
    const leaving = new AbortController();
    const asked = fetch('/charge', { key: 'k1', signal: leaving.signal });
    await until('the handler runs', () => calls.length === 1);
    leaving.abort();
    await expect(asked).rejects.toThrow(/abort/);
    const closed = engine.close({ wait: '1m' });
    open();
    await closed;
  });
}
