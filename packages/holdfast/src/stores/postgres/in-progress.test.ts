import { describe, expect, test, vi } from 'vitest';
import {
  type Asked,
  byPg,
  CLIENTS,
  type Connected,
  request,
  serverWithEffects,
} from '../../../test/postgres.ts';

const server = serverWithEffects();

const IN_PROGRESS = { kind: 'in-progress', leaseLeft: 1000 };
const MISMATCH = { kind: 'mismatch' };
const another = (asked: Asked): Asked => ({ ...asked, token: request().token });
const forElse = (asked: Asked): Asked => ({ ...another(asked), fingerprint: 'something-else' });
const kept = () => Promise.resolve({ result: '1', value: 1 });

/** A transaction of another key, which has nothing to do with any other. */
async function running(store: Connected['store']) {
  const begun = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const transacted = store.transact(request(), async () => {
    begun.resolve();
    await over.promise;
    return await kept();
  });
  await begun.promise;
  return { ends: () => (over.resolve(), transacted) };
}

describe.each(CLIENTS)('while a transaction by %s runs', (_name, connect) => {
  const open = () => connect(server().url, 8);

  test('another payload is refused as such, and a repeat is told to wait', async () => {
    const { store, end } = open();
    const none = vi.fn<typeof kept>();
    // Their hashes have either sign.
    for (let i = 0; i < 8; i++) {
      const asked = request();
      const transacted = store.transact(asked, async () => {
        expect(await store.transact(forElse(asked), none)).toEqual(MISMATCH);
        expect(await store.transact(another(asked), none)).toEqual(IN_PROGRESS);
        return await kept();
      });
      expect(await transacted).toMatchObject({ kind: 'done' });
      expect(await store.transact(forElse(asked), none)).toEqual(MISMATCH);
      expect(await store.transact(another(asked), none)).toMatchObject({ kind: 'completed' });
    }
    expect(none).not.toHaveBeenCalled();
    await end();
  });

  test('who asks as it begins is told the same, whoever was first', async () => {
    const { store, ask, end } = open();
    const bystander = await running(store);
    for (let i = 0; i < 50; i++) {
      const asked = request();
      const all = Array.from({ length: 8 }, (_, at) => (at % 2 ? another(asked) : forElse(asked)));
      const others = Promise.withResolvers<void>();
      let answered = 0;
      const answers = await Promise.all(
        all.map(async (each) => {
          const { kind } = await store.transact(each, async () => {
            await others.promise;
            return { result: null, value: 1 };
          });
          if (++answered === all.length - 1) others.resolve();
          return { kind, fingerprint: each.fingerprint };
        }),
      );
      const { fingerprint } = answers.find(({ kind }) => kind === 'done')!;
      const kinds = answers.map((each) =>
        each.fingerprint === fingerprint ? each.kind : `other ${each.kind}`,
      );
      expect(kinds.toSorted()).toEqual([
        'done',
        ...Array.from({ length: 3 }, () => 'in-progress'),
        ...Array.from({ length: 4 }, () => 'other mismatch'),
      ]);
      // It was rolled back, so the key may be had for anything.
      expect(await store.transact({ ...asked, fingerprint: 'any' }, kept)).toMatchObject({
        kind: 'done',
      });
    }
    await bystander.ends();
    expect(await ask(`select from pg_locks where locktype = 'advisory'`)).toEqual([]);
    await end();
  });

  test('who asks as it ends is told the truth as well', async () => {
    const { store, end } = open();
    const none = vi.fn<typeof kept>();
    const untrue: string[] = [];
    for (let i = 0; i < 150; i++) {
      const asked = request();
      const begun = Promise.withResolvers<void>();
      const transacted = store.transact(asked, async () => {
        begun.resolve();
        return await kept();
      });
      await begun.promise;
      await Promise.all(
        Array.from({ length: 6 }, async (_, at) => {
          const same = at % 2 === 0;
          const { kind } = await store.transact(same ? another(asked) : forElse(asked), none);
          if ((kind === 'mismatch') === same) untrue.push(`${kind} (${at})`);
        }),
      );
      expect(await transacted).toMatchObject({ kind: 'done' });
    }
    expect(untrue).toEqual([]);
    expect(none).not.toHaveBeenCalled();
    await end();
  });
});

test('a transaction in another database of the cluster has nothing to do with it', async () => {
  const [template, here, there] = ['template1', 'postgres', 'twin'].map((name) =>
    byPg(new URL(name, server().url).href, 4),
  ) as [Connected, Connected, Connected];
  // In a copy the table has the same number, by which the locks of tables are told apart.
  await template.ask('create database twin template postgres');
  const asked = request();
  const other = forElse(asked);
  await here.store.transact(asked, async () => {
    const transacted = there.store.transact(other, async () => {
      expect(await here.store.transact(forElse(asked), kept)).toEqual(MISMATCH);
      expect(await here.store.transact(another(asked), kept)).toEqual(IN_PROGRESS);
      expect(await there.store.transact(another(asked), kept)).toEqual(MISMATCH);
      expect(await there.store.transact(another(other), kept)).toEqual(IN_PROGRESS);
      return await kept();
    });
    expect(await transacted).toMatchObject({ kind: 'done' });
    return await kept();
  });
  for (const { end } of [template, here, there]) await end();
});
