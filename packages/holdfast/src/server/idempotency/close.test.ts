import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { created } from '../../../test/protocol.ts';
import { idempotency } from '../../idempotency/index.ts';
import { memoryStore } from '../../stores/memory/memory.ts';
import { httpIdempotency, type HttpRequest } from './http-idempotency.ts';

test('an answer that was kept has left when a close that waits is over: the process may end then', async () => {
  const { engine, begin, log } = setting();
  const begun = await begin();
  if (begun.kind !== 'run') throw new Error(`it is ${begun.kind}`);
  const left = Promise.resolve(begun.run.finish(created)).then(() => log.push('it leaves'));
  await microtasks();
  expect(engine.snapshot()).toMatchObject({ running: 0 });
  await engine.close({ wait: '10s' });
  log.push('closed');
  await left;
  expect(log).toEqual(['it leaves', 'closed']);
});

test('so has the refusal of a repeat that has waited as long as the close', async () => {
  const { engine, begin, log } = setting();
  await begin();
  const repeat = (async () => {
    const refused = await begin();
    // As many steps as a framework may take to send it.
    await microtasks();
    log.push(refused.kind === 'answer' ? refused.answer.status : refused.kind);
  })();
  await engine.close({ wait: 1 });
  log.push('closed');
  await repeat;
  expect(log).toEqual([503, 'closed']);
});

test('an answer on its way is waited for until it has left, but not one that the close refuses', async () => {
  const { engine, begin, log } = setting();
  const left: (() => void)[] = [];
  const whenLeft = (then: () => void) => void left.push(then);
  const begun = await begin(whenLeft);
  if (begun.kind !== 'run') throw new Error(`it is ${begun.kind}`);
  await begun.run.finish(created);
  // A replay, too.
  await begin(whenLeft);
  const closed = engine.close({ wait: '1h' }).then(() => log.push('closed'));
  const refused = await begin(whenLeft);
  expect(refused).toMatchObject({ kind: 'answer', answer: { status: 503 } });
  for (const leaves of left) {
    for (let turns = 0; turns < 20; turns++) await turn();
    log.push('leaves');
    leaves();
  }
  await closed;
  expect(log).toEqual(['leaves', 'leaves', 'closed']);
});

/** An engine of the system's clock, whose repeats wait; and a request of always the same key. */
function setting() {
  const engine = idempotency({ store: memoryStore(), wait: '1h', startCheck: false });
  const http = httpIdempotency(engine);
  const begin = async (whenLeft?: HttpRequest['whenLeft']) =>
    http.begin({
      method: 'POST',
      route: '/pay',
      url: '/pay',
      headers: { 'idempotency-key': 'one' },
      body: () => ({ kind: 'parsed', value: null }),
      source: null,
      whenLeft,
    });
  const log: unknown[] = [];
  return { engine, begin, log };
}

/** As many as come one after another within a turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
