import { describe, expect, it, vi } from 'vitest';
import { created } from '../../../test/protocol.ts';
import { idempotency } from '../../idempotency/index.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { memoryStore } from '../../stores/memory/memory.ts';
import { httpIdempotency, type HttpIdempotency, type HttpRun } from './http-idempotency.ts';
import type { HttpIdempotencyOptions } from './options.ts';

describe('answers that are kept at once', () => {
  it('leave together, once this turn of the event loop has read what came for it', async () => {
    const { http, complete } = setUp();
    const log: string[] = [];
    const answer = async (key: string) => {
      expect(await (await running(http, key)).finish(created)).toBeNull();
      log.push(`${key} leaves`);
    };
    const first = answer('one');
    await microtasks();
    const second = answer('two');
    await microtasks();
    expect(complete).toHaveBeenCalledTimes(2);
    log.push('all is read');
    const later = new Promise<void>((resolve) => {
      setImmediate(() => resolve(void log.push('what came later')));
    });
    await Promise.all([first, second, later]);
    expect(log).toEqual(['all is read', 'one leaves', 'two leaves', 'what came later']);
  });

  it('do not wait where they may leave before they are kept, and ask for no turn', async () => {
    const { http, complete } = setUp({ persist: 'after-send' });
    const run = await running(http, 'one');
    const start = vi.spyOn(systemRuntime.clock, 'start');
    expect(run.finish(created)).toBeNull();
    expect(complete).toHaveBeenCalledTimes(1);
    expect(start).not.toHaveBeenCalled();
    start.mockRestore();
  });
});

/** With an engine and a store that have nothing to wait for. */
function setUp(options?: HttpIdempotencyOptions) {
  const store = memoryStore();
  const complete = vi.spyOn(store, 'complete');
  return { http: httpIdempotency(idempotency({ store }), options), complete };
}

async function running(http: HttpIdempotency, key: string): Promise<HttpRun> {
  const begun = await http.begin({
    method: 'POST',
    route: '/pay',
    url: '/pay',
    headers: { 'idempotency-key': key },
    body: () => ({ kind: 'parsed', value: null }),
    source: null,
  });
  if (begun.kind !== 'run') throw new Error(`it is ${begun.kind}`);
  return begun.run;
}

/** As many as come one after another within a turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
