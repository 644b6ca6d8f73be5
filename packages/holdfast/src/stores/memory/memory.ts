import { integer, type OptionsOf, parseOptions } from '../../core/options.ts';
import type { Awaitable } from '../../idempotency/awaitable.ts';
import {
  type Change,
  checkpointed,
  claim,
  completed,
  extended,
  isOwned,
  released,
  type StoredRecord,
} from '../../idempotency/record.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import type {
  Claim,
  ClaimRequest,
  IdempotencyStore,
  Owned,
  RecoveryPoint,
} from '../../idempotency/store.ts';
import { TimerNode } from '../../runtime/clock.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { TimerLists } from '../../runtime/timer-lists.ts';
import { warnings } from './check.ts';

/** The options of `memoryStore`. */
export const memoryStoreOptions = {
  /**
   * Records at most: a claim of a further key is refused until one has expired. 1 to 10 000 000; default
   * 10 000.
   */
  maxRecords: integer({
    what: 'The most records it holds; when it is full, new keys are refused until a record has expired',
    default: 10_000,
    min: 1,
    max: 10_000_000,
  }),
};

/** See `memoryStore`. */
export interface MemoryStoreOptions extends OptionsOf<typeof memoryStoreOptions> {}

/**
 * Keeps idempotency records in this process's memory: for tests, and for single processes whose
 * effects are gone with them. A crash or a restart forgets everything, and another process knows
 * nothing of it: in a worker of node:cluster `check` warns of that.
 *
 * It never forgets a record before its time. When it is full, what has expired goes first; then
 * claims of further keys reject with a `StoreFullError`, and all other steps work.
 *
 * @param runtime whose monotonic clock is the store's; default the system's.
 * @throws TypeError, RangeError for wrong options.
 */
export function memoryStore(
  options: MemoryStoreOptions = {},
  runtime: Runtime = systemRuntime,
): IdempotencyStore {
  checkRuntime(runtime, 'memoryStore');
  const { maxRecords } = parseOptions(memoryStoreOptions, options, 'memoryStore');
  return new MemoryStore(maxRecords, runtime);
}

/** A record, by its id and in the order in which records expire. A timer node only for that order: no clock arms it. */
class Entry extends TimerNode {
  record: StoredRecord;
  readonly #id: string;
  readonly #entries: Map<string, Entry>;

  constructor(id: string, record: StoredRecord, entries: Map<string, Entry>) {
    super();
    this.record = record;
    this.#id = id;
    this.#entries = entries;
  }

  expire(): void {
    this.#entries.delete(this.#id);
  }
}

class MemoryStore implements IdempotencyStore {
  readonly name = 'memory';
  readonly #maxRecords: number;
  readonly #runtime: Runtime;
  readonly #entries = new Map<string, Entry>();
  /** Entries by when they expire, early by 1 % or 10 ms at most. One that comes up too early is placed again. */
  readonly #order = new TimerLists();

  constructor(maxRecords: number, runtime: Runtime) {
    this.#maxRecords = maxRecords;
    this.#runtime = runtime;
  }

  claim(request: ClaimRequest): Awaitable<Claim> {
    const now = this.#runtime.clock.now();
    const entry = this.#entries.get(request.id);
    if (entry === undefined && request.fingerprint !== null && !this.#hasRoom(now)) {
      return Promise.reject(new StoreFullError(fullMessage(this.#maxRecords)));
    }
    const { answer, record } = claim(entry?.record, request, now);
    if (record === undefined) return answer;
    if (entry === undefined) this.#add(request, record, now);
    else this.#keep(entry, record, now);
    return answer;
  }

  extend(owned: Owned, lease: number): boolean {
    return this.#write(owned, extended(lease));
  }

  checkpoint(owned: Owned, point: RecoveryPoint, lease: number): boolean {
    return this.#write(owned, checkpointed(point, lease));
  }

  complete(owned: Owned, result: string, retention: number): boolean {
    return this.#write(owned, completed(result, retention));
  }

  release(owned: Owned): boolean {
    return this.#write(owned, released);
  }

  reap(limit: number): number {
    const deleted = this.#reap(limit, this.#runtime.clock.now());
    // Lets go of durations that no record has any more.
    this.#order.nextDue();
    return deleted;
  }

  check(): Promise<readonly string[]> {
    return Promise.resolve(warnings());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #write(owned: Owned, change: Change): boolean {
    const now = this.#runtime.clock.now();
    const entry = this.#entries.get(owned.id);
    const record = entry?.record;
    if (!isOwned(record, owned, now)) return false;
    this.#keep(entry!, change(record, now), now);
    return true;
  }

  #add({ id, retention }: ClaimRequest, record: StoredRecord, now: number): void {
    const entry = new Entry(id, record, this.#entries);
    this.#entries.set(id, entry);
    this.#order.add(entry, early(retention), now);
  }

  #keep(entry: Entry, record: StoredRecord | null, now: number): void {
    if (record === null) {
      this.#order.remove(entry);
      entry.expire();
      return;
    }
    const { expiresAt } = entry.record;
    entry.record = record;
    // One that is kept longer than before finds its new place when its old one is due.
    if (record.expiresAt < expiresAt) this.#place(entry, now);
  }

  #place(entry: Entry, now: number): void {
    this.#order.remove(entry);
    this.#order.add(entry, early(entry.record.expiresAt - now), now);
  }

  #hasRoom(now: number): boolean {
    return this.#entries.size < this.#maxRecords || this.#reap(1, now) === 1;
  }

  #reap(limit: number, now: number): number {
    let deleted = 0;
    while (deleted < limit) {
      const entry = this.#order.takeDue(now) as Entry | null;
      if (entry === null) break;
      if (entry.record.expiresAt > now) {
        this.#place(entry, now);
        continue;
      }
      entry.expire();
      deleted++;
    }
    return deleted;
  }
}

/**
 * A shorter time for the lists, which round up by 1 % or 5 ms: so an entry never comes up late, and a store that is full
 * has its room in time. Only what has less than 10 ms left may be late, by 5 ms.
 */
function early(time: number): number {
  return time <= 10 ? time : Math.min(time - 5, time / 1.01);
}

function fullMessage(maxRecords: number): string {
  return (
    `the memory store is full: it holds ${maxRecords} records, none of which has expired. ` +
    'Raise `maxRecords`, shorten the retention, or use a store that is not in memory'
  );
}
