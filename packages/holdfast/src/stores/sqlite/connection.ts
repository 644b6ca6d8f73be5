import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StoredRecord } from '../../idempotency/record.ts';
import type { RecoveryPoint } from '../../idempotency/store.ts';
import { type Driver, FileMovedError } from './driver.ts';
import {
  APPLICATION_ID,
  FIND,
  FORGET,
  IDENTITY,
  NOW,
  REAP,
  SAVE,
  SCHEMA,
  SCHEMA_VERSION,
} from './sql.ts';

/**
 * How long a statement may hold up the event loop for another process's commit, in milliseconds: about
 * as long as one takes. Whoever must wait longer does so without holding up anything; see `GroupCommit`.
 */
const LOCK_PATIENCE = 5;
/** What the write-ahead log is cut back to after a checkpoint, in bytes. */
const WAL_KEPT = 64 * 1024 * 1024;

interface Row {
  readonly fingerprint: string;
  readonly token: string | null;
  readonly lease_end: number;
  readonly expires_at: number;
  readonly attempt: number;
  readonly reconciler: string | null;
  readonly points: string;
  readonly result: string | null;
}

/** Opens the file, or makes it; readable by its owner alone. What it throws is explained by `explained`. */
export function openConnection(driver: Driver, maxPageCount: number): Connection {
  makeFile(driver);
  const database = new driver.sqlite.DatabaseSync(driver.path);
  try {
    configure(database, maxPageCount);
    migrate(database, driver.path);
    return new Connection(database, driver);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The records of an open file. All but `begin` is to be called within a transaction. */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #driver: Driver;
  readonly #now: StatementSync;
  readonly #find: StatementSync;
  readonly #save: StatementSync;
  readonly #forget: StatementSync;
  readonly #reap: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #inode: number | undefined;

  constructor(database: DatabaseSync, driver: Driver) {
    this.#database = database;
    this.#driver = driver;
    this.#inode = inodeOf(driver);
    this.#now = database.prepare(NOW);
    this.#find = database.prepare(FIND);
    this.#save = database.prepare(SAVE);
    this.#forget = database.prepare(FORGET);
    this.#reap = database.prepare(REAP);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /**
   * Takes the file's write lock, and answers what time it is: for the whole transaction.
   *
   * @throws FileMovedError if the file is not where it was opened.
   */
  begin(): number {
    // SQLite would not see it, and write where nobody else does.
    if (inodeOf(this.#driver) !== this.#inode) throw new FileMovedError(this.#driver.path);
    this.#begin.run();
    return (this.#now.get() as { now: number }).now;
  }

  /** Once this returns, all of the transaction is on the disk. */
  commit(): void {
    this.#commit.run();
  }

  /** Undoes the transaction, if the failure that this is called for has not done so. */
  rollback(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // There was none any more.
    }
  }

  find(id: string): StoredRecord | undefined {
    const row = this.#find.get(id) as Row | undefined;
    return row === undefined ? undefined : recordOf(row);
  }

  save(id: string, record: StoredRecord): void {
    const expiresAt = Math.ceil(record.expiresAt);
    if (record.state === 'completed') {
      const { fingerprint, result } = record;
      this.#save.run(id, fingerprint, null, 0, expiresAt, 0, null, '[]', result);
      return;
    }
    const { fingerprint, token, attempt, reconciler } = record;
    const leaseEnd = Math.ceil(record.leaseEnd);
    const points = JSON.stringify(record.points);
    this.#save.run(id, fingerprint, token, leaseEnd, expiresAt, attempt, reconciler, points, null);
  }

  forget(id: string): void {
    this.#forget.run(id);
  }

  /** Deletes some of what has expired by now; how many. */
  reap(limit: number, now: number): number {
    return Number(this.#reap.run(now, limit).changes);
  }

  /** `wal`, unless the filesystem cannot do that. */
  get journalMode(): string {
    return String(this.#pragma('journal_mode'));
  }

  /** 2 for FULL: a commit waits for the disk. */
  get synchronous(): number {
    return Number(this.#pragma('synchronous'));
  }

  /** The type of its filesystem, as the operating system has it; null if it does not say. */
  get filesystem(): number | null {
    try {
      return this.#driver.fs.statfsSync(this.#driver.path).type;
    } catch {
      return null;
    }
  }

  /** Moves the log into the file as far as others allow, and closes. Never throws. */
  close(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Whoever opens it next does it.
    }
    try {
      this.#database.close();
    } catch {
      // It was closed by what broke it.
    }
  }

  #pragma(name: string): unknown {
    const row = this.#database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>;
    return row[name];
  }
}

function inodeOf({ fs, path }: Driver): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * SQLite would make it readable by all. Only a file that does not exist is opened here: to close one
 * that another connection of this process uses would drop the locks that connection holds.
 */
function makeFile({ fs, path }: Driver): void {
  try {
    fs.closeSync(fs.openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  }
}

function configure(database: DatabaseSync, maxPageCount: number): void {
  database.exec(`PRAGMA busy_timeout = ${LOCK_PATIENCE}`);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec(`PRAGMA max_page_count = ${maxPageCount}`);
  database.exec(`PRAGMA journal_size_limit = ${WAL_KEPT}`);
}

function migrate(database: DatabaseSync, path: string): void {
  if (isCurrent(database, path)) return;
  database.exec('BEGIN IMMEDIATE');
  // Another process may have been faster.
  if (!isCurrent(database, path)) database.exec(SCHEMA);
  database.exec('COMMIT');
}

/** False if the file is empty. */
function isCurrent(database: DatabaseSync, path: string): boolean {
  const row = database.prepare(IDENTITY).get();
  const { application, version, objects } = row as Record<string, number>;
  if (application === APPLICATION_ID && version === SCHEMA_VERSION) return true;
  if (application === 0 && version === 0 && objects === 0) return false;
  throw new Error(
    application === APPLICATION_ID
      ? `the SQLite store ${path} was written by another version of Holdfast: its schema is ${version}, this one knows ${SCHEMA_VERSION}`
      : `${path} is another program's database: give the SQLite store a file of its own`,
  );
}

function recordOf(row: Row): StoredRecord {
  const { fingerprint, token, attempt, reconciler, result } = row;
  const expiresAt = row.expires_at;
  if (token === null) return { state: 'completed', fingerprint, result: result!, expiresAt };
  return {
    state: 'in-progress',
    fingerprint,
    token,
    leaseEnd: row.lease_end,
    expiresAt,
    attempt,
    reconciler,
    points: JSON.parse(row.points) as RecoveryPoint[],
  };
}
