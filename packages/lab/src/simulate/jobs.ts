import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Fleet } from '../spec/model.ts';
import type { RunResult } from './result.ts';
import type { RunOptions } from './simulate.ts';

/** One run for a worker thread, which functions cannot be sent to. */
export interface Job extends Omit<RunOptions, 'onProgress' | 'servers' | 'clients'> {
  readonly fleet: Fleet;
}

/** How the jobs are run. */
export interface JobsOptions {
  /** Threads; one per core by default, and never more than jobs. */
  readonly workers?: number;
  /** Told the share of all jobs that is done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** What is kept of a run, as soon as it is over; all of it by default. */
  readonly keep?: (run: RunResult) => RunResult;
  /** Ends all threads when it is aborted; the answer is then its reason. */
  readonly signal?: AbortSignal;
}

/** What a worker says of its job. */
export type FromWorker =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly run: RunResult }
  | { readonly kind: 'failed'; readonly message: string };

/**
 * Runs all jobs in worker threads in which real time, timers and randomness throw. The results are in
 * the order of the jobs, and the same whatever the number of workers.
 *
 * @throws Error with the message of the first job that fails; the others are ended.
 * @throws the signal's reason when it is aborted.
 */
export async function runJobs(
  jobs: readonly Job[],
  { workers = availableParallelism(), onProgress, keep = (run) => run, signal }: JobsOptions = {},
): Promise<RunResult[]> {
  signal?.throwIfAborted();
  const results = new Array<RunResult>(jobs.length);
  const shares = new Float64Array(jobs.length);
  const waiting = jobs.entries();
  const threads = Array.from({ length: Math.min(workers, jobs.length) }, () => new Thread());
  const serve = async (thread: Thread): Promise<void> => {
    // All threads take from the same iterator: each job goes to whoever is free.
    for (const [index, job] of waiting) {
      const run = await thread.run(job, (share) => {
        shares[index] = share;
        onProgress?.(shares.reduce((sum, each) => sum + each, 0) / jobs.length);
      });
      results[index] = keep(run);
    }
  };
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    await Promise.race([Promise.all(threads.map(serve)), aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
    // Node can crash when one thread is ended while another is being made (nodejs/node#56312).
    await Promise.all(threads.map(({ made }) => made));
    await Promise.all(threads.map((thread) => thread.end()));
  }
  return results;
}

/** As it is built, or as the source that Node runs by itself. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const WORKER = new URL(`./worker.${EXTENSION}`, import.meta.url);

class Thread {
  /** It runs, or never will. */
  readonly made: Promise<void>;
  // What a simulation might print must not get among the results on stdout.
  readonly #worker = new Worker(WORKER, { stdout: true });
  #settle: { resolve: (run: RunResult) => void; reject: (error: Error) => void } | null = null;
  #onProgress: (share: number) => void = () => {};

  constructor() {
    this.made = new Promise((resolve) => {
      this.#worker.once('online', resolve).once('exit', () => resolve());
    });
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    this.#worker.on('error', (error: Error) => this.#settle?.reject(explained(error)));
    this.#worker.on('exit', () => this.#settle?.reject(new Error('A worker thread has ended.')));
  }

  run(job: Job, onProgress: (share: number) => void): Promise<RunResult> {
    this.#onProgress = onProgress;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      this.#worker.postMessage(job);
    });
  }

  async end(): Promise<void> {
    this.#settle = null;
    await this.#worker.terminate();
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'progress') this.#onProgress(message.share);
    else if (message.kind === 'done') this.#settle?.resolve(message.run);
    else this.#settle?.reject(new Error(message.message));
  }
}

function explained(error: Error & { readonly code?: unknown }): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new Error(
    'The simulation ran out of memory: something has no bound, a queue or the calls in flight most likely.',
  );
}
