import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Asked,
  askIn,
  CLIENTS,
  type Connected,
  request,
  serverWithEffects,
} from '../../../test/postgres.ts';
import type { Awaitable } from '../../idempotency/awaitable.ts';
import { idempotency } from '../../idempotency/engine.ts';
import type { Claim } from '../../idempotency/store.ts';

const server = serverWithEffects();
/** More than there are connections. */
const TRIES = 6;
/** Fewer than there are connections. */
const RIVALS = 4;
/** The record that is kept longest: an engine's, for a day. */
const LAST = 'select id from holdfast_idempotency order by expires_at desc limit 1';

const locked = (id: string) => `select from holdfast_idempotency where id = '${id}' for update`;
const nothing = () => Promise.resolve();
const REFUSED = Array.from({ length: RIVALS }, () => 'in-progress');
/** What is changed in a record that another has claimed. */
const TAKEN = `token = 'another', lease_until = now() + '1 min', expires_at = now() + '1 h'`;

/** Ends a transaction, after a last statement if there is one. */
type End = (last?: string) => Promise<void>;

/** What somebody has done in a transaction that goes on until the test is over, or it is ended. */
async function holding({ client }: Connected, text: string): Promise<End> {
  const { promise: over, resolve: end } = Promise.withResolvers<string | undefined>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const held = inTransaction(client, async (tx) => {
    await askIn(tx, text);
    begin();
    const last = await over;
    if (last !== undefined) await askIn(tx, last);
  });
  const ended = async (last?: string) => {
    end(last);
    await held;
  };
  onTestFinished(() => ended());
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
    const owner = await silentOwner(store);
    const kinds = await kindsOf(owner.id, (token) =>
      store.claim({ ...owner, token, expired: 'takeover' }),
    );
    expect(kinds.toSorted()).toEqual(['claimed', ...REFUSED.slice(1)]);
  });

  test('goes to none of them when its owner has extended the lease meanwhile', async () => {
    const { store } = connected(5);
    const owner = await silentOwner(store);
    const kinds = await kindsOf(
      owner.id,
      (token) => store.claim({ ...owner, token, expired: 'takeover' }),
      `lease_until = now() + '1 min'`,
    );
    expect(kinds).toEqual(REFUSED);
    expect(await store.complete(owner, '1', 60_000)).toBe(true);
  });

  test('stays with who has taken it over while its owner claims it once more', async () => {
    const { store } = connected(5);
    const owner = await silentOwner(store);
    const kinds = await kindsOf(owner.id, () => store.claim(owner), TAKEN);
    expect(kinds).toEqual(REFUSED);
    expect(await store.complete({ ...owner, token: 'another' }, '1', 60_000)).toBe(true);
  });

  test('that had expired stays with who has claimed it meanwhile', async () => {
    const { store } = connected(5);
    const asked = request({ lease: 1, retention: 1 });
    await store.claim(asked);
    const kinds = await kindsOf(
      asked.id,
      (token) => store.claim({ ...asked, token, lease: 60_000, retention: 60_000 }),
      TAKEN,
    );
    expect(kinds).toEqual(REFUSED);
    expect(await store.complete({ ...asked, token: 'another' }, '1', 60_000)).toBe(true);
  });

  /** What claims are told that have read a record and wait to write it, as somebody has locked it, who then changes it. */
  const kindsOf = async (
    id: string,
    claim: (token: string) => Awaitable<Claim>,
    change?: string,
  ): Promise<string[]> => {
    const end = await holding(connected(1), locked(id));
    const claims = Array.from({ length: RIVALS }, async (_, n) => claim(`rival-${n}`));
    const { ask } = connected(1);
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock'`;
    await vi.waitFor(async () => expect(await ask(waiting)).toHaveLength(RIVALS), 20_000);
    await end(change && `update holdfast_idempotency set ${change} where id = '${id}'`);
    return (await Promise.all(claims)).map(({ kind }) => kind);
  };

  test('leaves the session as it was', async () => {
    const { store, ask } = connected(1);
    await ask(`set lock_timeout = '7s'`);
    const owner = request();
    await store.claim(owner);
    await store.complete(owner, '1', 60_000);
    await store.transact(request(), () => Promise.resolve({ result: '1', value: 1 }));
    const settings = ['lock_timeout', 'statement_timeout', 'holdfast.transaction'].map(
      (name) => `current_setting('${name}') as "${name}"`,
    );
    expect(await ask(`select ${settings.join(', ')}`)).toEqual([
      { lock_timeout: '7s', statement_timeout: '0', 'holdfast.transaction': '' },
    ]);
  });
});

/** Of a key whose lease is over. */
async function silentOwner(store: Connected['store']): Promise<Asked> {
  const owner = request();
  await store.claim(owner);
  await store.extend(owner, 0);
  return owner;
}

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
