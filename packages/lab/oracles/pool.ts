import { Worker } from 'node:worker_threads';
import type { Sample } from './experiments/law.ts';

/** One run to be made. */
export interface Task {
  /** The place of the law among all. */
  readonly law: number;
  readonly seed: number;
}

/** A run that was made, and what it came to. */
export interface Done extends Task {
  readonly sample: Sample;
}

/**
 * Makes runs in threads, in the order given, and answers those of each law when they are all done.
 * What a run comes to depends on its seed alone, so the number of threads changes nothing but time.
 */
export async function* runAll(
  which: readonly number[],
  seeds: readonly number[],
  threads: number,
): AsyncGenerator<{ readonly law: number; readonly samples: readonly Sample[] }> {
  const tasks = which.flatMap((law) => seeds.map((seed) => ({ law, seed })));
  const samples = new Map(which.map((law) => [law, new Map<number, Sample>()]));
  let failure: Error | null = null;
  let wake: (() => void) | null = null;
  const fail = (error: Error): void => {
    failure ??= error;
    wake?.();
  };
  const workers = Array.from({ length: Math.min(threads, tasks.length) }, () => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    const next = (): void => {
      const task = tasks.shift();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      if (task !== undefined) worker.postMessage(task);
    };
    worker.on('message', ({ law, seed, sample }: Done) => {
      samples.get(law)!.set(seed, sample);
      next();
      wake?.();
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`a thread has ended with ${code}`)));
    next();
    return worker;
  });
  try {
    for (const law of which) {
      const own = samples.get(law)!;
      while (own.size < seeds.length) {
        if (failure !== null) throw failure;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      yield { law, samples: seeds.map((seed) => own.get(seed)!) };
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
