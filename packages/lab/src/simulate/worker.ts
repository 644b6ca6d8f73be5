import { parentPort } from 'node:worker_threads';
import { forbidRealTime } from './guard.ts';
import type { FromWorker, Job } from './jobs.ts';
import { simulate } from './simulate.ts';

/** The thread that simulates: jobs come as messages, one at a time. */
const port = parentPort!;
const tell = (message: FromWorker): void => port.postMessage(message);

// By now all that simulations need is loaded: imports come before the first statement.
forbidRealTime();

port.on('message', ({ fleet, ...options }: Job) => {
  try {
    const onProgress = (share: number): void => tell({ kind: 'progress', share });
    tell({ kind: 'done', run: simulate(fleet, { ...options, onProgress }) });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});
