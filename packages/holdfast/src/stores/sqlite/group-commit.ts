import { TimerNode } from '../../runtime/clock.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { type Connection, openConnection } from './connection.ts';
import { type Driver, explained, explainedStep, isBroken, isBusy, loadDriver } from './driver.ts';

/** One step: what it does with the records, all at one time. May be done again if the commit fails. */
export type Work<T> = (records: Connection, now: number) => T;

/** What a group commit is made with. */
export interface GroupCommitOptions {
  readonly path: string;
  /** Pages that the file may have. */
  readonly maxPageCount: number;
  /** Milliseconds to wait for another process's lock. */
  readonly busyTimeout: number;
}

interface Waiting {
  readonly work: Work<unknown>;
  resolve(answer: never): void;
  reject(reason: unknown): void;
}

/** Steps that may wait at once. */
const MAX_WAITING = 10_000;
/** Steps of one transaction: about 10 ms of the event loop. */
const MAX_BATCH = 1000;
/** Milliseconds between two tries to have the lock. */
const BUSY_RETRY = 10;

/**
 * Waiting for the disk is what a durable write costs, and one wait serves any number of them: all
 * steps of one turn of the event loop go into one transaction, and settle once it is committed. (DeWitt
 * et al., "Implementation Techniques for Main Memory Database Systems", 1984: group commit.)
 *
 * A step that fails does not fail its neighbours: the transaction is undone, and each half of its steps is tried by
 * itself, down to the single step.
 */
export class GroupCommit extends TimerNode {
  /** Transactions that were committed. */
  commits: number = 0;
  /** Steps that they were made of. */
  steps: number = 0;
  readonly #options: GroupCommitOptions;
  readonly #runtime: Runtime;
  readonly #waiting: Waiting[] = [];
  #driver: Driver | null = null;
  #loading = false;
  #connection: Connection | null = null;
  /** When the lock was first found taken, on the runtime's clock; null if it was not. */
  #busySince: number | null = null;
  /** Steps of the last turn: their answers may be on their way. */
  #answered = 0;
  #closing: Promise<void> | null = null;
  /** Steps that are still taken although it is being closed. */
  #lastSteps = 0;
  #whenDrained: (() => void) | null = null;

  constructor(options: GroupCommitOptions, runtime: Runtime) {
    super();
    this.#options = options;
    this.#runtime = runtime;
  }

  /** Steps that wait for their commit. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Does a step with all others of this turn. Opens the file if it is not open.
   *
   * @throws (rejects) Error if the file cannot be opened, locked or written, if too many steps wait, or after `close`.
   */
  do<T>(work: Work<T>): Promise<T> {
    const { path } = this.#options;
    if (this.#closing !== null && this.#lastSteps-- <= 0) {
      return Promise.reject(new Error(`the SQLite store ${path} is closed`));
    }
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new Error(`${MAX_WAITING} steps wait for the SQLite store ${path}`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#wake(0);
    });
  }

  /**
   * Does what waits, and then closes the file. Each answer that was given in the last turn, or is given from now on, may
   * lead to one step more, which is still done: a claim that comes too late may be given back. Never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#lastSteps = this.#waiting.length + this.#answered;
      this.#whenDrained = () => {
        this.#lastSteps = 0;
        this.#dropConnection();
        resolve();
      };
      this.#wake(0);
    });
    return this.#closing;
  }

  /** The turn has come. */
  expire(): void {
    if (this.#waiting.length === 0) {
      this.#whenDrained?.();
      return;
    }
    if (this.#driver === null) {
      void this.#load();
      return;
    }
    const batch = this.#waiting.splice(0, MAX_BATCH);
    this.#answered = batch.length;
    this.#commit(batch, this.#driver);
    this.#goOn(this.#busySince === null ? 0 : BUSY_RETRY);
  }

  #wake(delay: number): void {
    if (this.timerOwner === null && !this.#loading) this.#runtime.clock.start(this, delay);
  }

  async #load(): Promise<void> {
    this.#loading = true;
    try {
      this.#driver = await loadDriver(this.#options.path);
    } catch (error) {
      this.#reject(this.#waiting.splice(0), error);
    }
    this.#loading = false;
    this.#goOn(0);
  }

  #goOn(delay: number): void {
    if (this.#waiting.length > 0) this.#wake(delay);
    // By the next turn there is what the answers have led to.
    else if (this.#closing !== null) this.#wake(0);
  }

  #commit(batch: readonly Waiting[], driver: Driver): void {
    let connection: Connection;
    let now: number;
    try {
      connection = this.#connection ??= openConnection(driver, this.#options.maxPageCount);
      now = connection.begin();
    } catch (error) {
      this.#waitOrReject(batch, error);
      return;
    }
    this.#busySince = null;
    let answers: unknown[];
    try {
      answers = batch.map(({ work }) => work(connection, now));
      connection.commit();
    } catch (error) {
      connection.rollback();
      if (isBroken(error)) this.#dropConnection();
      if (batch.length === 1) {
        batch[0]!.reject(explainedStep(error, this.#options.path));
        return;
      }
      const half = batch.length / 2;
      this.#commit(batch.slice(0, half), driver);
      this.#commit(batch.slice(half), driver);
      return;
    }
    this.commits++;
    this.steps += batch.length;
    for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as never);
  }

  /** Nothing of it was begun. */
  #waitOrReject(batch: readonly Waiting[], error: unknown): void {
    if (isBusy(error)) {
      const now = this.#runtime.clock.now();
      this.#busySince ??= now;
      if (now - this.#busySince < this.#options.busyTimeout) {
        this.#waiting.unshift(...batch);
        return;
      }
    }
    this.#busySince = null;
    if (isBroken(error)) this.#dropConnection();
    this.#reject(batch, error);
  }

  #reject(batch: readonly Waiting[], error: unknown): void {
    const reason = explained(error, this.#options.path);
    for (const { reject } of batch) reject(reason);
  }

  /** The next step opens another. */
  #dropConnection(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}
