import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  IdempotencyStore,
  OnExpiredLease,
  RecoveryPoint,
} from '../../../packages/holdfast/src/idempotency/store.ts';
import { type StoreHarness, LONG, stageFor, unique } from './stage.ts';

/** A record of the port, without time: a lease runs until it is ended, and nothing expires. */
interface Model {
  readonly fingerprint: string;
  /** Null once it is completed. */
  readonly token: string | null;
  readonly leaseRuns: boolean;
  readonly attempt: number;
  /** Who was granted to reconcile it; null as long as nobody was. */
  readonly reconciler: string | null;
  readonly points: readonly RecoveryPoint[];
  readonly result: string;
}

/** One step of the port, with what is said of the lease: 0 ends it, all else runs for good. */
type Step =
  | { readonly do: 'claim'; readonly fingerprint: string | null }
  | { readonly do: 'extend'; readonly lease: number }
  | { readonly do: 'checkpoint'; readonly point: RecoveryPoint; readonly lease: number }
  | { readonly do: 'complete'; readonly result: string }
  | { readonly do: 'release' };

type Command = Step & { readonly key: number; readonly token: string };

/** What becomes of the record, and what the store answers. */
type Next = readonly [record: Model | undefined, answer: unknown];

const leases = fc.constantFrom(0, 0, LONG);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      fingerprint: fc.constantFrom('f', 'f', 'f', 'g', null),
    }),
  },
  fc.record({ do: fc.constant('extend' as const), lease: leases }),
  fc.record({
    do: fc.constant('checkpoint' as const),
    point: fc.record({ name: fc.constantFrom('a', 'b', 'c'), value: fc.json() }),
    lease: leases,
  }),
  fc.record({ do: fc.constant('complete' as const), result: fc.json() }),
  fc.record({ do: fc.constant('release' as const) }),
);
/** Whoever asks always asks for the same when a lease is over: the names say what. */
const tokens = ['refuse', 'takeover', 'takeover-too', 'reconcile', 'reconcile-too'] as const;
/** Whoever has the key then: writes by others change nothing, and lead nowhere. */
const OWNER = 'owner';
const expiredOf = (token: string) => token.split('-')[0] as OnExpiredLease;

const anyCommand: fc.Arbitrary<Command> = fc
  .tuple(step, fc.nat(1), fc.constantFrom(OWNER, OWNER, OWNER, ...tokens))
  .map(([what, key, token]) => ({ ...what, key, token }));
const withToken = (command: Command, record: Model | undefined): Command =>
  command.token === OWNER ? { ...command, token: record?.token ?? 'refuse' } : command;

/** Whatever is asked in whatever order, the store answers what a pure model of the port does. */
export function describeModel(harness: StoreHarness): void {
  describe('any sequence of steps', () => {
    const stage = stageFor(harness);

    test('is answered as the model of the port answers it', async () => {
      const commands = fc.array(anyCommand, { minLength: 1, maxLength: 40, size: 'max' });
      await fc.assert(
        fc.asyncProperty(commands, async (sequence) => {
          const prefix = unique();
          const records = new Map<number, Model | undefined>();
          for (const [at, generated] of sequence.entries()) {
            const before = records.get(generated.key);
            const each = withToken(generated, before);
            const [record, expected] = advance(before, each);
            records.set(each.key, record);
            const store = at % 2 === 0 ? stage.store : stage.other;
            const answer = await ask(store, `${prefix}${each.key}`, each);
            expect(answer, `step ${at + 1}: ${JSON.stringify(each)}`).toEqual(expected);
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}

async function ask(store: IdempotencyStore, id: string, command: Command): Promise<unknown> {
  const owned = { id, token: command.token };
  switch (command.do) {
    case 'claim': {
      const { fingerprint, token } = command;
      const expired = expiredOf(token);
      return await store.claim({ ...owned, fingerprint, expired, lease: LONG, retention: LONG });
    }
    case 'extend':
      return await store.extend(owned, command.lease);
    case 'checkpoint':
      return await store.checkpoint(owned, command.point, command.lease);
    case 'complete':
      return await store.complete(owned, command.result, LONG);
    case 'release':
      return await store.release(owned);
  }
}

function advance(record: Model | undefined, command: Command): Next {
  if (command.do === 'claim') return claim(record, command);
  if (record === undefined || record.token !== command.token) return [record, false];
  switch (command.do) {
    case 'extend':
      return [{ ...record, leaseRuns: command.lease > 0 }, true];
    case 'checkpoint': {
      const points = withPoint(record.points, command.point);
      return [{ ...record, points, leaseRuns: command.lease > 0 }, true];
    }
    case 'complete':
      return [{ ...record, token: null, points: [], result: command.result }, true];
    case 'release':
      return [undefined, true];
  }
}

function claim(record: Model | undefined, command: Extract<Command, { do: 'claim' }>): Next {
  const { token, fingerprint } = command;
  const expired = expiredOf(token);
  if (record === undefined) {
    if (fingerprint === null) return [record, { kind: 'absent' }];
    return grant({
      fingerprint,
      token,
      leaseRuns: true,
      attempt: 1,
      reconciler: null,
      points: [],
      result: '',
    });
  }
  if (record.token === token) return grant(record);
  if (fingerprint !== null && record.fingerprint !== fingerprint) {
    return [record, { kind: 'mismatch' }];
  }
  if (record.token === null) {
    const expiresIn = expect.any(Number) as number;
    return [record, { kind: 'completed', result: record.result, expiresIn }];
  }
  if (record.leaseRuns) {
    return [record, { kind: 'in-progress', leaseLeft: expect.any(Number) as number }];
  }
  if (expired === 'takeover') return grant({ ...record, token, attempt: record.attempt + 1 });
  if (expired === 'reconcile' && record.reconciler === null) {
    return grant({ ...record, token, reconciler: token });
  }
  return [record, { kind: 'unknown' }];
}

function grant(record: Model): Next {
  const { token, reconciler, attempt, points } = record;
  const kind = token === reconciler ? 'reconcile' : 'claimed';
  return [
    { ...record, leaseRuns: true },
    { kind, attempt, points },
  ];
}

function withPoint(points: readonly RecoveryPoint[], point: RecoveryPoint) {
  return points.some(({ name }) => name === point.name)
    ? points.map((each) => (each.name === point.name ? point : each))
    : [...points, point];
}
