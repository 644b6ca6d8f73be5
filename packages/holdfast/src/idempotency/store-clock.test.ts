import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { systemRuntime } from '../runtime/system.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { sqliteStore } from '../stores/sqlite/index.ts';
import { Work } from '../../test/idempotency-setting.ts';
import { temporaryFolder } from '../../test/sqlite-files.ts';
import { idempotency } from './engine.ts';
import type { IdempotencyOptions } from './options.ts';
import type { IdempotencyStore } from './store.ts';

const HOUR = 3_600_000;
const LEASE = 30_000;

/** A store whose clock jumps by so many milliseconds, while those of its askers go on. */
interface Jumping {
  readonly store: IdempotencyStore;
  jump(time: number): void;
}

function inMemory(): Jumping {
  const { clock } = systemRuntime;
  let ahead = 0;
  const own = Object.assign(Object.create(clock) as typeof clock, {
    now: () => clock.now() + ahead,
  });
  const store = memoryStore({}, { ...systemRuntime, clock: own });
  return { store, jump: (time) => void (ahead += time) };
}

const folder = temporaryFolder();
let files = 0;

/** Its clock is the machine's, so it is the times that are moved. */
function inSqlite(): Jumping {
  const path = join(folder, `${files++}.db`);
  const jump = (time: number): void => {
    const file = new DatabaseSync(path);
    file.exec(
      `UPDATE record SET lease_end = lease_end - ${time}, expires_at = expires_at - ${time}`,
    );
    file.close();
  };
  return { store: sqliteStore(path), jump };
}

function setting(make: () => Jumping) {
  const { store, jump } = make();
  const engine = (options: Partial<IdempotencyOptions> = {}) =>
    idempotency({ store, startCheck: false, replayCache: 0, ...options });
  return { engine, jump };
}

const seen = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch(({ why, code }: { why?: string; code?: string }) => why ?? code);

describe.each([
  ['in memory', inMemory],
  ['in SQLite', inSqlite],
])('a store %s whose clock jumps', (_where, make) => {
  test.each([
    ['forward', HOUR, 'outcome-unknown'],
    ['backward', -HOUR, 'in-progress'],
  ])('%s has no second effect of work that runs, whose result counts', async (_way, by, why) => {
    const { engine, jump } = setting(make);
    const work = new Work();
    const first = engine().idempotent('k', work.run);
    const repeat = () => seen(engine().idempotent('k', work.run));
    expect(await repeat()).toBe('in-progress');
    jump(by);
    expect(await repeat()).toBe(why);
    work.end('done');
    expect([await first, await repeat(), work.begun]).toEqual(['done', 'done', 1]);
    jump(-by);
    expect(await repeat()).toBe('done');
  });

  test('forward lets another take over work that runs, and its owner is told', async () => {
    const { engine, jump } = setting(make);
    const work = new Work();
    const first = seen(engine({ onExpiredLease: 'takeover' }).idempotent('k', work.run));
    expect(await seen(engine().idempotent('k', work.run))).toBe('in-progress');
    jump(HOUR);
    const next = engine({ onExpiredLease: 'takeover' });
    expect(await next.idempotent('k', ({ attempt }) => attempt)).toBe(2);
    work.end('late');
    expect(await first).toBe('LEASE_LOST');
  });

  test('backward keeps the key of who died for longer by as much', async () => {
    const { engine, jump } = setting(make);
    void engine().idempotent('k', () => new Promise(() => {}));
    const repeat = () => seen(engine().idempotent('k', () => 'again'));
    expect(await repeat()).toBe('in-progress');
    jump(-HOUR);
    jump(HOUR);
    expect(await repeat()).toBe('in-progress');
    jump(LEASE);
    expect(await repeat()).toBe('outcome-unknown');
  });

  test('forward by more than the retention forgets what was done', async () => {
    const { engine, jump } = setting(make);
    const ask = (answer: number) => engine().idempotent('k', () => answer);
    expect(await ask(1)).toBe(1);
    jump(23 * HOUR);
    expect(await ask(2)).toBe(1);
    jump(2 * HOUR);
    expect(await ask(3)).toBe(3);
  });
});
