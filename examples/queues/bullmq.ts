/**
 * A BullMQ worker whose jobs have their effect once, however often they are delivered. Run it with a
 * Redis or Valkey: `REDIS_URL=redis://127.0.0.1:6379 node examples/queues/bullmq.ts`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { DelayedError, type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import {
  type Execution,
  idempotency,
  IdempotencyConflictError,
  IdempotencyMismatchError,
  IdempotencyStoreError,
} from 'holdfast/idempotency';
import { redisStore } from 'holdfast/redis';
import { Redis } from 'ioredis';

interface Order {
  readonly order: string;
  readonly cents: number;
  /** What becomes of the worker that gets it first. */
  readonly trouble: (typeof TROUBLES)[number];
}

const TROUBLES = [
  'was killed after the charge, before it was acknowledged',
  'was killed after the charge, before it was recorded',
  'hung before the charge, and went on when another had the job',
] as const;

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
/** A queue for this run. The worker that is to be killed is another process, which is told the name. */
const [, , name = `charges-${process.pid}`, isDoomed] = process.argv;

const redis = new Redis(url, {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
});
await redis.connect();

/** The bank, which outlives the workers and can be asked what it did. */
const bank = {
  charge: (reference: string) => redis.hincrby(`${name}:bank`, reference, 1),
  charges: async (reference: string) => Number(await redis.hget(`${name}:bank`, reference)),
};

const charges = idempotency({
  name,
  store: redisStore(redis),
  // So short only to make the example quick, like the times of `startWorker`: a service keeps the defaults.
  lease: '2s',
  // A week: longer than a job may be delivered again, be it by hand.
  retention: '7d',
  // Nobody knows how far the one that died had come; but the bank does.
  reconcile: async ({ key }) =>
    (await bank.charges(key)) > 0
      ? { outcome: 'done', result: 'charged, as the bank says' }
      : { outcome: 'nothing-happened' },
});

/** The processor. BullMQ delivers a job at least once, so the order's id is the key. */
async function work(job: Job<Order>, token?: string): Promise<string> {
  const { order } = job.data;
  const trouble = isDoomed ? TROUBLES.indexOf(job.data.trouble) : -1;
  const charge = async (): Promise<string> => {
    await bank.charge(order);
    if (trouble === 1) signal('SIGKILL');
    return 'charged';
  };
  const chargeOnce = async ({ step }: Execution): Promise<string> => {
    if (trouble === 2) {
      await new Promise((resolve) => process.send!('hangs', resolve));
      signal('SIGSTOP');
    }
    // A step asks first whether the key is still ours: another may have charged while this worker hung.
    return step('charged', charge);
  };
  try {
    return await charges.idempotent(order, chargeOnce, { payload: job.data });
  } catch (error) {
    return await refused(error, job, token);
  } finally {
    if (isDoomed) signal('SIGKILL');
  }
}

/** Of all that the work may throw, and the engine. */
async function refused(error: unknown, job: Job<Order>, token?: string): Promise<never> {
  const isConflict = error instanceof IdempotencyConflictError;
  const mayComeLater = isConflict || error instanceof IdempotencyStoreError;
  if (mayComeLater && error.retryAfter !== undefined) {
    // To fail it would cost one of its attempts, of which a job has one by default.
    await job.moveToDelayed(Date.now() + error.retryAfter, token);
    throw new DelayedError();
  }
  // No further delivery would find out, or help: to the failed jobs, for a person.
  const isFinal = isConflict || error instanceof IdempotencyMismatchError;
  throw isFinal ? new UnrecoverableError(error.message) : error;
}

function signal(which: NodeJS.Signals): void {
  process.kill(process.pid, which);
}

/** The job of a worker that has been silent for a second is delivered to another. */
function startWorker(): Worker<Order, string> {
  return new Worker(name, work, { connection: { url }, lockDuration: 1000, stalledInterval: 500 });
}

async function main(): Promise<void> {
  const queue = new Queue<Order, string>(name, { connection: { url } });
  try {
    for (const [i, trouble] of TROUBLES.entries()) {
      await show(queue, { order: `order-${i}`, cents: 995, trouble });
    }
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
  await queue.obliterate({ force: true });
  await queue.close();
  await redis.del(`${name}:bank`);
  await charges.close();
  redis.disconnect();
}

/** A job that comes to a doomed worker first, and then to another. */
async function show(queue: Queue<Order, string>, job: Order): Promise<void> {
  const { id } = await queue.add('charge', job);
  const doomed = fork(import.meta.filename, [name, 'doomed']);
  const ended = once(doomed, 'exit');
  await Promise.race([once(doomed, 'message'), ended]);
  console.log(`job ${id}: its worker ${job.trouble}`);
  const worker = startWorker();
  try {
    const [{ stalledCounter }, said] = await completed(worker);
    doomed.kill('SIGCONT');
    await ended;
    console.log(`job ${id}: delivered ${stalledCounter + 1} times, ${said}`);
    console.log(`job ${id}: charges at the bank: ${await bank.charges(job.order)}`);
  } finally {
    // Also of one that hangs.
    doomed.kill('SIGKILL');
    await worker.close();
  }
}

/** The worker's next job and what it said; rejects when that has failed. */
function completed(worker: Worker<Order, string>): Promise<[job: Job<Order>, said: string]> {
  return new Promise((resolve, reject) => {
    worker.once('completed', (job, said) => resolve([job, said]));
    worker.once('failed', (job, { message }) =>
      reject(new Error(`job ${job?.id} has failed: ${message}`)),
    );
  });
}

// That a worker has lost the lock of its job is told to nobody here.
if (isDoomed) startWorker().on('error', () => {});
else await main();
