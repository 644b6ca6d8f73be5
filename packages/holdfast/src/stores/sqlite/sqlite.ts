import {
  duration,
  integer,
  isPlainObject,
  type OptionsOf,
  parseOptions,
  show,
} from '../../core/options.ts';
import {
  type Change,
  checkpointed,
  claim,
  completed,
  extended,
  isOwned,
  released,
} from '../../idempotency/record.ts';
import type {
  Claim,
  ClaimRequest,
  IdempotencyStore,
  Owned,
  RecoveryPoint,
} from '../../idempotency/store.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { warningsOf } from './check.ts';
import { absolute } from './driver.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';

/** The options of `sqliteStore`, beside the path. */
export const sqliteStoreOptions = {
  /**
   * How long a step waits for another process's commit before it rejects. The event loop goes on meanwhile.
   * 0 to 1 min; default 500 ms.
   */
  busyTimeout: duration({
    what: "How long a step waits for another process's commit before it rejects",
    default: '500ms',
    max: 60_000,
  }),
  /**
   * Pages (of 4 KiB) that the file may have; beyond, claims reject until records have been reaped. The log
   * beside the file is not counted. 16 to 4 294 967 294; default 4 294 967 294, SQLite's own limit.
   */
  maxPageCount: integer({
    what: 'Pages (of 4 KiB) that the file may have; beyond, claims reject until records have been reaped',
    default: 4_294_967_294,
    min: 16,
    max: 4_294_967_294,
  }),
};

/** See `sqliteStore`. */
export type SqliteStoreOptions = OptionsOf<typeof sqliteStoreOptions> & {
  /**
   * The file, from the folder that the process is in now: made if it does not exist, readable by its owner alone. Beside
   * it come a log and its index.
   */
  readonly path: string;
};

/** A store of idempotency records in a file. */
export interface SqliteStore extends IdempotencyStore {
  /** What it has done and has to do. */
  snapshot(): SqliteSnapshot;
}

/** Plain JSON. */
export interface SqliteSnapshot {
  /** Transactions that were committed since the store was made. */
  readonly commits: number;
  /** Steps that they were made of. */
  readonly steps: number;
  /** Steps that wait for their commit. */
  readonly waiting: number;
}

/**
 * Keeps idempotency records in a SQLite file, with Node's own `node:sqlite`: no server, and what was
 * acknowledged survives `kill -9` and, on a disk that keeps its promises, a power cut (write-ahead log,
 * `synchronous=FULL`). Any number of processes of one machine may share the file; never put it on a
 * network filesystem.
 *
 * All steps of one turn of the event loop are committed together, so many at once cost little more
 * than one. A commit holds up the event loop while the disk works.
 *
 * Its clock is the machine's wall clock, which the processes share. Slewing it does no harm. A step
 * forward ends leases early: then outcomes are unknown that would have been told; a late owner is still
 * heard unless somebody has taken over. A step forward by more than the retention forgets records.
 * A step backward keeps leases and records longer by as much.
 *
 * The file is opened by the first step, or `check`. When it cannot be, or the disk is full, or fails,
 * steps reject with an Error that says why (the original is its `cause`), and later ones try again. It is a
 * `StoreFullError` where there is no room to write: then keys that were kept are told as before. After any other
 * rejection the step may still have been done.
 *
 * @param options the file's path, or an object with it.
 * @param runtime whose turns and patience these are; default the system's.
 * @throws TypeError, RangeError for wrong options. Steps reject where there is no `node:sqlite` (Node 22.13 or later).
 */
export function sqliteStore(
  options: string | SqliteStoreOptions,
  runtime: Runtime = systemRuntime,
): SqliteStore {
  checkRuntime(runtime, 'sqliteStore');
  const { path, ...rest } = isPlainObject(options) ? options : { path: options };
  const { busyTimeout, maxPageCount } = parseOptions(sqliteStoreOptions, rest, 'sqliteStore');
  if (
    typeof path !== 'string' ||
    path === '' ||
    path.includes('\0') ||
    /^(file|:memory):/.test(path)
  ) {
    throw new TypeError(`sqliteStore.path must be the path of a file, got ${show(path)}`);
  }
  return new FileStore({ path: absolute(path), busyTimeout, maxPageCount }, runtime);
}

class FileStore implements SqliteStore {
  readonly name = 'sqlite';
  readonly #path: string;
  readonly #group: GroupCommit;

  constructor(options: GroupCommitOptions, runtime: Runtime) {
    this.#path = options.path;
    this.#group = new GroupCommit(options, runtime);
  }

  claim(request: ClaimRequest): Promise<Claim> {
    return this.#group.do((records, now) => {
      const found = records.find(request.id);
      const { answer, record } = claim(found, request, now);
      if (record !== undefined && record !== found) records.save(request.id, record);
      return answer;
    });
  }

  extend(owned: Owned, lease: number): Promise<boolean> {
    return this.#write(owned, extended(lease));
  }

  checkpoint(owned: Owned, point: RecoveryPoint, lease: number): Promise<boolean> {
    return this.#write(owned, checkpointed(point, lease));
  }

  complete(owned: Owned, result: string, retention: number): Promise<boolean> {
    return this.#write(owned, completed(result, retention));
  }

  release(owned: Owned): Promise<boolean> {
    return this.#write(owned, released);
  }

  reap(limit: number): Promise<number> {
    return this.#group.do((records, now) => records.reap(limit, now));
  }

  check(): Promise<readonly string[]> {
    return this.#group.do((connection) => warningsOf(connection, this.#path));
  }

  snapshot(): SqliteSnapshot {
    const { commits, steps, waiting } = this.#group;
    return { commits, steps, waiting };
  }

  close(): Promise<void> {
    return this.#group.close();
  }

  #write(owned: Owned, change: Change): Promise<boolean> {
    return this.#group.do((records, now) => {
      const record = records.find(owned.id);
      if (!isOwned(record, owned, now)) return false;
      const next = change(record, now);
      if (next === null) records.forget(owned.id);
      else records.save(owned.id, next);
      return true;
    });
  }
}
