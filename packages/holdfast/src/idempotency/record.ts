import type { Claim, ClaimRequest, Owned, RecoveryPoint } from './store.ts';

/**
 * A key's record, and what each step of the port makes of it: pure functions that are told the time.
 * The stores in whose process they run share them; a store that has a server says the same in the
 * server's language. Times are milliseconds on the store's clock.
 */
export type StoredRecord = InProgress | Completed;

/** Somebody has the key; when the lease is over, nobody knows what they did. */
export interface InProgress {
  readonly state: 'in-progress';
  readonly fingerprint: string;
  readonly token: string;
  readonly leaseEnd: number;
  readonly expiresAt: number;
  readonly attempt: number;
  /** Whoever was granted to reconcile it; null as long as nobody was. */
  readonly reconciler: string | null;
  readonly points: readonly RecoveryPoint[];
}

/** The work was done. */
export interface Completed {
  readonly state: 'completed';
  readonly fingerprint: string;
  readonly result: string;
  readonly expiresAt: number;
}

/** What a claim is answered, and what becomes of the record: the same object if nothing does. */
export interface Claimed {
  readonly answer: Claim;
  readonly record: StoredRecord | undefined;
}

/** What an owner's write makes of the record: another one, or none. */
export type Change = (record: InProgress, now: number) => StoredRecord | null;

const NO_POINTS: readonly RecoveryPoint[] = [];

/** See `IdempotencyStore.claim`. */
export function claim(
  record: StoredRecord | undefined,
  request: ClaimRequest,
  now: number,
): Claimed {
  const { fingerprint } = request;
  if (record === undefined || record.expiresAt <= now) {
    if (fingerprint === null) return { answer: { kind: 'absent' }, record };
    return firstClaim(fingerprint, request, now);
  }
  const owned = record.state === 'in-progress' && record.token === request.token;
  if (owned) return granted(record, request, now);
  if (fingerprint !== null && record.fingerprint !== fingerprint) {
    return { answer: { kind: 'mismatch' }, record };
  }
  if (record.state === 'completed') {
    const { result, expiresAt } = record;
    return { answer: { kind: 'completed', result, expiresIn: expiresAt - now }, record };
  }
  if (record.leaseEnd > now) {
    return { answer: { kind: 'in-progress', leaseLeft: record.leaseEnd - now }, record };
  }
  const { token } = request;
  if (request.expired === 'takeover') {
    return granted({ ...record, token, attempt: record.attempt + 1 }, request, now);
  }
  if (request.expired === 'reconcile' && record.reconciler === null) {
    return granted({ ...record, token, reconciler: token }, request, now);
  }
  return { answer: { kind: 'unknown' }, record };
}

/** Whether a write counts: the record is in progress by this token, its lease over or not. */
export function isOwned(
  record: StoredRecord | undefined,
  { token }: Owned,
  now: number,
): record is InProgress {
  return record?.state === 'in-progress' && record.token === token && record.expiresAt > now;
}

/** See `IdempotencyStore.extend`. */
export function extended(lease: number): Change {
  return (record, now) => {
    const leaseEnd = now + lease;
    return { ...record, leaseEnd, expiresAt: Math.max(record.expiresAt, leaseEnd) };
  };
}

/** See `IdempotencyStore.checkpoint`. */
export function checkpointed(point: RecoveryPoint, lease: number): Change {
  const extend = extended(lease);
  return (record, now) => {
    const points = record.points.slice();
    const known = points.findIndex(({ name }) => name === point.name);
    points[known === -1 ? points.length : known] = { name: point.name, value: point.value };
    return extend({ ...record, points }, now);
  };
}

/** See `IdempotencyStore.complete`. */
export function completed(result: string, retention: number): Change {
  return ({ fingerprint }, now) => ({
    state: 'completed',
    fingerprint,
    result,
    expiresAt: now + retention,
  });
}

/** See `IdempotencyStore.release`. */
export const released: Change = () => null;

function firstClaim(
  fingerprint: string,
  { token, lease, retention }: ClaimRequest,
  now: number,
): Claimed {
  return {
    answer: { kind: 'claimed', attempt: 1, points: NO_POINTS },
    record: {
      state: 'in-progress',
      fingerprint,
      token,
      leaseEnd: now + lease,
      expiresAt: now + retention,
      attempt: 1,
      reconciler: null,
      points: NO_POINTS,
    },
  };
}

function granted(record: InProgress, { lease, retention }: ClaimRequest, now: number): Claimed {
  const { token, reconciler, attempt, points } = record;
  return {
    answer: { kind: token === reconciler ? 'reconcile' : 'claimed', attempt, points },
    record: { ...record, leaseEnd: now + lease, expiresAt: now + retention },
  };
}
