/** A thread that makes runs, one at a time. See pool.ts. */
import { parentPort } from 'node:worker_threads';
import { laws } from './laws.ts';
import type { Done, Task } from './pool.ts';

const port = parentPort!;
port.on('message', ({ law, seed }: Task) => {
  const sample = laws[law]!.run(seed, { scale: 1, defect: null });
  port.postMessage({ law, seed, sample } satisfies Done);
});
