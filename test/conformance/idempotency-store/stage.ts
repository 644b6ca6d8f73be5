import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import type {
  Claim,
  ClaimRequest,
  IdempotencyStore,
  OnExpiredLease,
  Owned,
} from '../../../packages/holdfast/src/idempotency/store.ts';

/** A store to be asked, with its surroundings. */
export interface OpenStore {
  readonly store: IdempotencyStore;
  /** The same data as another process would have it; the store itself where no other can. */
  readonly other: IdempotencyStore;
  /** Closes both, and what they were opened with. */
  close(): Promise<void>;
}

/** How a store comes to be asked. Opened and closed for each test. */
export interface StoreHarness {
  open(): Promise<OpenStore>;
  /**
   * Whether records that have expired stay until `reap` deletes them. False where the server forgets
   * them by itself: then there is nothing to reap.
   */
  readonly reaps: boolean;
}

/** Milliseconds of leases and records that are to outlive a test. */
export const LONG = 60_000;
/** Milliseconds of leases and records that are to end within it. */
export const SHORT = 150;
/** Milliseconds that whatever must happen may take on a busy machine. */
const PATIENCE = 20_000;
const BETWEEN_QUESTIONS = 10;

export const KINDS: readonly OnExpiredLease[] = ['refuse', 'takeover', 'reconcile'];

/** What a test asks: a store that is opened before each and closed after it. */
export interface Stage {
  readonly store: IdempotencyStore;
  readonly other: IdempotencyStore;
}

export function stageFor(harness: StoreHarness): Stage {
  let open: OpenStore;
  beforeEach(async () => {
    open = await harness.open();
  });
  afterEach(() => open.close());
  return {
    get store() {
      return open.store;
    },
    get other() {
      return open.other;
    },
  };
}

/** 32 characters of the alphabet of keys, tokens and fingerprints, never the same twice. */
export const unique = (): string => randomBytes(24).toString('base64url');

/** Asks for a key that nobody has, unless told otherwise. */
export const claimOf = (overrides: Partial<ClaimRequest> = {}): ClaimRequest => ({
  id: unique(),
  token: unique(),
  fingerprint: 'what-is-asked-for',
  lease: LONG,
  retention: LONG,
  expired: 'refuse',
  ...overrides,
});

/** The same request by somebody else. */
export const rivalOf = (
  request: ClaimRequest,
  overrides: Partial<ClaimRequest> = {},
): ClaimRequest => ({ ...request, token: unique(), ...overrides });

/** Claims a key, which must be free. */
export async function claimed(
  store: IdempotencyStore,
  overrides: Partial<ClaimRequest> = {},
): Promise<ClaimRequest> {
  const request = claimOf(overrides);
  expect(await store.claim(request)).toEqual({ kind: 'claimed', attempt: 1, points: [] });
  return request;
}

/** Ends a lease at once, by the store's clock. */
export async function endLease(store: IdempotencyStore, owned: Owned): Promise<void> {
  expect(await store.extend(owned, 0)).toBe(true);
}

/** How a key stands, as somebody sees it who changes nothing unless it is free. */
export async function look(store: IdempotencyStore, request: ClaimRequest): Promise<Claim> {
  return await store.claim(rivalOf(request, { expired: 'refuse' }));
}

/** Asks until the answer satisfies, and gives that. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  satisfies: (answer: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    if (performance.now() > deadline) {
      throw new Error(`${what} was not to be had; the last answer was ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_QUESTIONS));
  }
}

/** Waits until the lease is over by the store's clock, without taking the key. */
export async function leaseOver(store: IdempotencyStore, request: ClaimRequest): Promise<void> {
  await until(
    'the end of the lease',
    () => look(store, request),
    ({ kind }) => kind === 'unknown',
  );
}

/**
 * Waits until whatever was told before to be kept for `ms` milliseconds has expired by the store's
 * clock: until the same is so of a record that was told later.
 */
export async function passed(store: IdempotencyStore, ms: number): Promise<void> {
  const witness = await claimed(store, { lease: ms, retention: ms });
  await until(
    'the expiry of a record',
    // What is then claimed outlives the test: the next one may count what expires.
    () => look(store, { ...witness, lease: LONG, retention: LONG }),
    ({ kind }) => kind === 'claimed',
  );
}
