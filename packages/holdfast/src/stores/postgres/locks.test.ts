import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Asked,
  askIn,
  CLIENTS,
  type Connected,
  request,
  serverWithEffects,
} from '../../../test/postgres.ts';
import { idempotency } from '../../idempotency/engine.ts';

const server = serverWithEffects();
/** More than there are connections. */
const TRIES = 6;
/** Fewer than there are connections. */
const RIVALS = 4;
/** The record that is kept longest: an engine's, for a day. */
const LAST = 'select id from holdfast_idempotency order by expires_at desc limit 1';

const locked = (id: string) => `select from holdfast_idempotency where id = '${id}' for update`;
const nothing = () => Promise.resolve();

/** What somebody has done in a transaction that goes on until the test is over, or `end` is called. */
async function holding({ client }: Connected, text: string): Promise<() => Promise<void>> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const held = inTransaction(client, async (tx) => {
    await askIn(tx, text);
    begin();
    await over;
  });
  const ended = async () => {
    end();
    await held;
  };
  onTestFinished(ended);
  await begun;
  return ended;
}

describe.each(CLIENTS)('over %s, a record that somebody has locked', (_name, connect) => {
  const connected = (max: number): Connected => {
    const made = connect(server().url, max);
    onTestFinished(() => made.end());
    return made;
  };

  test('is waited for by nobody for ever: every step of its key fails, and counts later', async () => {
    const { store } = connected(5);
    const owner = request();
    await store.claim(owner);
    await store.extend(owner, 0);
    const release = await holding(connected(1), locked(owner.id));
    const steps = [
      () => store.extend(owner, 1000),
      () => store.checkpoint(owner, { name: 'a', value: '1' }, 1000),
      () => store.complete(owner, '1', 1000),
      () => store.release(owner),
      () => store.claim({ ...owner, token: 'another', expired: 'takeover' }),
    ];
    for (const step of steps) {
      await expect((async () => step())()).rejects.toMatchObject({ code: '55P03' });
    }
    await release();
    expect(await store.complete(owner, '1', 60_000)).toBe(true);
  });

  test('that is being made keeps no claim of its key for ever', async () => {
    const { store } = connected(1);
    const asked = request();
    const columns = '(id, fingerprint, token, lease_until, expires_at)';
    const values = `('${asked.id}', '${asked.fingerprint}', 'another', now(), now() + '1 h')`;
    const release = await holding(
      connected(1),
      `insert into holdfast_idempotency ${columns} values ${values}`,
    );
    await expect((async () => store.claim(asked))()).rejects.toMatchObject({ code: '55P03' });
    await release();
    expect(await store.claim(asked)).toEqual({ kind: 'unknown' });
  });

  test('does not use up the connections, however often its owner tries to tell the result', async () => {
    const { store } = connected(3);
    const { promise: hasTried, resolve: tried } = Promise.withResolvers<void>();
    let failures = 0;
    const onEvent = ({ type }: { readonly type: string }): void => {
      if (type === 'idempotency.store-failed' && ++failures === TRIES) tried();
    };
    const charges = idempotency({ store, storeTimeout: '300ms', lease: '60s', onEvent });
    onTestFinished(() => charges.close());
    const locker = connected(1);
    let release = nothing;
    let id = '';
    await charges.idempotent(request().id, async () => {
      const [row] = await locker.ask(LAST);
      id = String(row!['id']);
      release = await holding(locker, locked(id));
    });
    // Its owner goes on in the background.
    await hasTried;
    expect(await store.complete(request(), '1', 1000)).toBe(false);
    await release();
  });

  test('goes to one of those who wait to take over, once it is free', async () => {
    const { store } = connected(5);
    const owner = request();
    await store.claim(owner);
    await store.extend(owner, 0);
    const release = await holding(connected(1), locked(owner.id));
    const kinds = await takenOver(store, owner, release);
    expect(kinds.toSorted()).toEqual(['claimed', ...Array<string>(RIVALS - 1).fill('in-progress')]);
  });

  test('goes to none of them when its owner has extended the lease meanwhile', async () => {
    const { store } = connected(5);
    const owner = request();
    await store.claim(owner);
    await store.extend(owner, 0);
    const extended = `lease_until = clock_timestamp() + interval '1 min'`;
    const release = await holding(
      connected(1),
      `update holdfast_idempotency set ${extended} where id = '${owner.id}'`,
    );
    const kinds = await takenOver(store, owner, release);
    expect(kinds).toEqual(Array<string>(RIVALS).fill('in-progress'));
    expect(await store.complete(owner, '1', 60_000)).toBe(true);
  });

  /** What they are told who came while it was locked. */
  const takenOver = async (
    store: Connected['store'],
    owner: Asked,
    release: () => Promise<void>,
  ): Promise<string[]> => {
    const rivals = Array.from({ length: RIVALS }, async (_, n) =>
      store.claim({ ...owner, token: `rival-${n}`, expired: 'takeover' }),
    );
    const { ask } = connected(1);
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock'`;
    await vi.waitFor(async () => expect(await ask(waiting)).toHaveLength(RIVALS), 20_000);
    await release();
    return (await Promise.all(rivals)).map(({ kind }) => kind);
  };

  test('leaves the limit of the session as it was', async () => {
    const { store, ask } = connected(1);
    await ask(`set lock_timeout = '7s'`);
    const owner = request();
    await store.claim(owner);
    await store.complete(owner, '1', 60_000);
    expect(await ask('show lock_timeout')).toEqual([{ lock_timeout: '7s' }]);
  });
});

async function inTransaction(client: unknown, work: (tx: unknown) => Promise<void>): Promise<void> {
  const { begin, connect } = client as {
    begin?: (work: (tx: unknown) => Promise<void>) => Promise<void>;
    connect(): Promise<{ query(text: string): Promise<unknown>; release(): void }>;
  };
  if (begin !== undefined) return begin.call(client, work);
  const connection = await connect.call(client);
  await connection.query('begin');
  await work(connection);
  await connection.query('commit');
  connection.release();
}
