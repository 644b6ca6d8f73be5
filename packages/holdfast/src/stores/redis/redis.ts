import { parseOptions } from '../../core/options.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import type {
  Claim,
  ClaimRequest,
  IdempotencyStore,
  Owned,
  RecoveryPoint,
} from '../../idempotency/store.ts';
import { warningsOf } from './check.ts';
import { type Connection, connectionOf, type RedisClient } from './client.ts';
import { type RedisStoreOptions, redisStoreOptions } from './options.ts';
import { type Script, scripts } from './scripts.ts';

/**
 * Keeps idempotency records in Redis or Valkey, for a fleet: one string a key, on Redis' own clock. A step is one script
 * and one round trip. A claim is a plain SET where nobody has the key, and a second round trip where somebody has.
 * Redis forgets what has expired by itself, so `reap` has nothing to do and answers 0. `close` leaves the client open.
 *
 * What is claimed and completed stays so **through crashes with `appendonly yes`, `appendfsync always`,
 * `maxmemory-policy noeviction` and one primary**; `check` warns of everything else. A failover is not among
 * what is promised: Redis acknowledges a write before its replicas have it, so a replica that takes over may
 * not know of a key, and what was done for it may be done again. Where that must not happen, use PostgreSQL.
 *
 * When memory is full, Redis refuses to claim further keys (`StoreFullError`), and what was claimed can be completed.
 * When it takes no writes at all, because it cannot write its file, has too few replicas or has become one, it still
 * tells of the keys that it has.
 *
 * The engine has a timeout of its own, so the client should fail at once while it is not connected, and must
 * not send a command twice, whose second answer would be that the key is not the asker's:
 *
 * - ioredis: `{ enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false }`;
 * - node-redis: `{ disableOfflineQueue: true, commandOptions: { timeout: 0 } }`; since version 6 it has a timer for each
 *   command, which costs more than the command.
 *
 * Wait until such a client is ready before the first call. Where these stand with Sentinel and in a cluster, and what
 * else is needed there, is in the guide.
 *
 * @param client a client, Sentinel's client or cluster of ioredis or of node-redis, connected by whoever made it.
 * @throws TypeError if it is neither; TypeError, RangeError for wrong options.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): IdempotencyStore {
  const { prefix } = parseOptions(redisStoreOptions, options, 'redisStore');
  return new RedisStore(connectionOf(client, 'redisStore'), prefix);
}

class RedisStore implements IdempotencyStore {
  readonly name = 'redis';
  readonly #connection: Connection;
  readonly #prefix: string;

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  claim(request: ClaimRequest): Promise<Claim> {
    const { id, token, fingerprint, lease, retention, expired } = request;
    const time = Math.ceil(retention);
    const over = String(time - Math.ceil(lease));
    // As `claim.lua` has it.
    const record = `${token} ${fingerprint} ${over} 1 . []`;
    const look = (refusal?: Error): Promise<Claim> => {
      const first = refusal === undefined ? record : '';
      const args = [first, token, fingerprint ?? '', over, String(time), expired];
      return this.#run(scripts.claim, id, args, (reply) => claimIn(reply, refusal));
    };
    if (fingerprint === null) return look();
    // Most keys are new. For those Redis' own command is enough, which takes it less than half the time of a script.
    return this.#connection.setNew(this.#keyOf(id), record, time).then(
      // Nothing but a plain yes makes the key this token's, whatever a wrapped client has in place of null.
      (reply) => (String(reply) === 'OK' ? FIRST : look()),
      (error: unknown) => {
        if (isWriteRefused(error)) return look(error);
        throw error;
      },
    );
  }

  extend({ id, token }: Owned, lease: number): Promise<boolean> {
    return this.#write(scripts.extend, id, [token, whole(lease)]);
  }

  checkpoint({ id, token }: Owned, point: RecoveryPoint, lease: number): Promise<boolean> {
    return this.#write(scripts.checkpoint, id, [token, point.name, point.value, whole(lease)]);
  }

  complete({ id, token }: Owned, result: string, retention: number): Promise<boolean> {
    return this.#write(scripts.complete, id, [token, result, whole(retention)]);
  }

  release({ id, token }: Owned): Promise<boolean> {
    return this.#write(scripts.release, id, [token]);
  }

  reap(): Promise<number> {
    return Promise.resolve(0);
  }

  check(): Promise<readonly string[]> {
    return warningsOf(this.#connection);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #write(script: Script, id: string, args: string[]): Promise<boolean> {
    return this.#run(script, id, args, isOne);
  }

  /** By its digest, which is one short round trip; by its text if Redis has forgotten it, or never knew. */
  #run<T>(script: Script, id: string, args: string[], read: (reply: unknown) => T): Promise<T> {
    const key = this.#keyOf(id);
    return this.#connection.runKnown(script, key, args).then(read, (error: unknown) => {
      if (!isReply(error, 'NOSCRIPT')) throw explained(error);
      return this.#connection.run(script, key, args).then(read, (again: unknown) => {
        throw explained(again);
      });
    });
  }

  /** The braces let a cluster place the key by its id, whatever the prefix. */
  #keyOf(id: string): string {
    return `${this.#prefix}{${id}}`;
  }
}

const FIRST: Claim = { kind: 'claimed', attempt: 1, points: [] };

/** Whether it is Redis that said so, and not that it could not be asked. */
const isReply = (error: unknown, code: string): error is Error =>
  error instanceof Error && error.message.startsWith(`${code} `);

/** `maxmemory` is reached, or the disk takes no more: records can still be read. */
const isFull = (error: unknown): error is Error =>
  isReply(error, 'OOM') || isReply(error, 'MISCONF');

/** Records can be read as well where replicas are missing, or this Redis has become one. */
const isWriteRefused = (error: unknown): error is Error =>
  isFull(error) || isReply(error, 'NOREPLICAS') || isReply(error, 'READONLY');

function explained(error: unknown): unknown {
  return isFull(error) ? new StoreFullError(error.message, { cause: error }) : error;
}

/** Milliseconds as Redis takes them. */
const whole = (milliseconds: number): string => String(Math.ceil(milliseconds));

/** Clients may be set up to answer with buffers, or with numbers as strings. */
const isOne = (reply: unknown): boolean => Number(reply) === 1;

function claimIn(reply: unknown, refusal: Error | undefined): Claim {
  if (isOne(reply)) return FIRST;
  const [kind, first, second] = reply as readonly unknown[];
  switch (String(kind)) {
    case 'claimed':
      return { kind: 'claimed', attempt: Number(first), points: pointsIn(second) };
    case 'reconcile':
      return { kind: 'reconcile', attempt: Number(first), points: pointsIn(second) };
    case 'mismatch':
      return { kind: 'mismatch' };
    case 'completed':
      return { kind: 'completed', result: String(first), expiresIn: Number(second) };
    case 'in-progress':
      return { kind: 'in-progress', leaseLeft: Number(first) };
    case 'absent':
      return { kind: 'absent' };
    case 'refused':
      throw explained(refusal);
    default:
      return { kind: 'unknown' };
  }
}

function pointsIn(json: unknown): readonly RecoveryPoint[] {
  const points = JSON.parse(String(json)) as (readonly [name: string, value: string])[];
  return points.map(([name, value]) => ({ name, value }));
}
