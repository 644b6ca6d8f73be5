import { describe, expect, it } from 'vitest';
import { created, setUp } from '../../../test/protocol.ts';
import { idempotency } from '../../idempotency/index.ts';
import { memoryStore } from '../../stores/memory/memory.ts';
import { httpIdempotency, type HttpRequest } from './http-idempotency.ts';

describe('answers that are kept at once', () => {
  it('leave together, once this turn of the event loop has read what came for it', async () => {
    const http = httpIdempotency(idempotency({ store: memoryStore() }));
    const log: string[] = [];
    const answer = async (key: string) => {
      const begun = await http.begin(asking(key));
      if (begun.kind !== 'run') throw new Error(`it is ${begun.kind}`);
      expect(await begun.run.finish(created)).toBeNull();
      log.push(`${key} leaves`);
    };
    const first = answer('one');
    await microtasks();
    const second = answer('two');
    await microtasks();
    log.push('all is read');
    const laterTurn = new Promise<void>((resolve) => {
      setImmediate(() => resolve(void log.push('what came later')));
    });
    await Promise.all([first, second, laterTurn]);
    expect(log).toEqual(['all is read', 'one leaves', 'two leaves', 'what came later']);
  });

  it('do not wait where they may leave before they are kept', async () => {
    const { run } = setUp({ persist: 'after-send' });
    expect((await run()).finish(created)).toBeNull();
  });
});

function asking(key: string): HttpRequest {
  return {
    method: 'POST',
    route: '/pay',
    url: '/pay',
    headers: { 'idempotency-key': key },
    body: () => ({ kind: 'parsed', value: null }),
    source: null,
  };
}

/** As many as come one after another within a turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
