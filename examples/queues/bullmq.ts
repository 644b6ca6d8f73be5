/**
 * A BullMQ worker whose jobs have their effect once, however often they are delivered. Run it with a
 * Redis or Valkey: `REDIS_URL=redis://127.0.0.1:6379 node examples/queues/bullmq.ts`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import { idempotency, IdempotencyConflictError } from 'holdfast/idempotency';
import { redisStore } from 'holdfast/redis';
import { Redis } from 'ioredis';

interface Order {
  readonly cents: number;
  /** When the worker that gets it first is killed, after it has charged the card. */
  readonly crash: 'before it was recorded' | 'before it was acknowledged';
}

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
  lease: '1s',
  // A delivery that comes while the lease of a worker that has died is running.
  wait: '5s',
  // A week: longer than a job may be delivered again, be it by hand.
  retention: '7d',
  // Nobody knows how far the one that died had come; but the bank does.
  reconcile: async ({ key }) =>
    (await bank.charges(key)) > 0
      ? { outcome: 'done', result: 'charged, as the bank says' }
      : { outcome: 'nothing-happened' },
});

/** The processor. BullMQ delivers a job at least once, so its id is the key. */
async function work({ id, data }: Job<Order>): Promise<string> {
  const charge = async (): Promise<string> => {
    await bank.charge(id!);
    if (isDoomed && data.crash === 'before it was recorded') die();
    return 'charged';
  };
  try {
    const said = await charges.idempotent(id!, charge, { payload: data });
    if (isDoomed && data.crash === 'before it was acknowledged') die();
    return said;
  } catch (error) {
    const isUnknown = error instanceof IdempotencyConflictError && error.why !== 'in-progress';
    // No further delivery would find out: to the failed jobs, for a person.
    throw isUnknown ? new UnrecoverableError(error.message) : error;
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The job of a worker that has been silent for a second is delivered to another. */
function startWorker(): Worker<Order, string> {
  return new Worker(name, work, { connection: { url }, lockDuration: 1000, stalledInterval: 500 });
}

async function main(): Promise<void> {
  const queue = new Queue<Order, string>(name, { connection: { url } });
  for (const crash of ['before it was acknowledged', 'before it was recorded'] as const) {
    const { id } = await queue.add('charge', { cents: 995, crash });
    await once(fork(import.meta.filename, [name, 'doomed']), 'exit');
    console.log(`job ${id}: its worker was killed after the charge, ${crash}`);
    const worker = startWorker();
    const [{ stalledCounter }, said] = (await once(worker, 'completed')) as [Job<Order>, string];
    console.log(`job ${id}: delivered ${stalledCounter + 1} times, ${said}`);
    console.log(`job ${id}: charges at the bank: ${await bank.charges(id!)}`);
    await worker.close();
  }
  await queue.obliterate({ force: true });
  await queue.close();
  await redis.del(`${name}:bank`);
  await charges.close();
  redis.disconnect();
}

if (isDoomed) startWorker();
else await main();
