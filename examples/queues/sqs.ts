/**
 * A consumer of a queue like SQS's, whose messages have their effect once, however often they are
 * received. The queue is in memory, on a clock of its own. Run it: `node examples/queues/sqs.ts`.
 */
import {
  idempotency,
  IdempotencyConflictError,
  IdempotencyMismatchError,
  safeToRetry,
} from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';

interface Message {
  readonly id: string;
  readonly body: string;
  /** How often it was received. */
  count: number;
  visibleAt: number;
}

/** What is received and not deleted is received again when its time is over; what was received too often is moved away. */
class Queue {
  readonly deadLetters: Message[] = [];
  #messages: Message[] = [];
  #now = 0;

  send(id: string, body: string): void {
    this.#messages.push({ id, body, count: 0, visibleAt: 0 });
  }

  /** Waits for the next one; undefined if there is none any more. */
  receive({ visibilityTimeout = 30_000, maxReceiveCount = 3 } = {}): Message | undefined {
    this.#messages.filter(({ count }) => count === maxReceiveCount).forEach(this.moveAway, this);
    const [next] = this.#messages.toSorted((a, b) => a.visibleAt - b.visibleAt);
    if (next === undefined) return undefined;
    next.count++;
    this.#now = Math.max(this.#now, next.visibleAt);
    next.visibleAt = this.#now + visibilityTimeout;
    return next;
  }

  delete(message: Message): void {
    this.#messages = this.#messages.filter((other) => other !== message);
  }

  /** With SQS: sends it to the dead-letter queue, then deletes it. */
  moveAway(message: Message): void {
    this.deadLetters.push(message);
    this.delete(message);
  }
}

interface Order {
  readonly order: string;
  readonly trouble?: 'never sent' | 'no answer' | 'crash';
}

const charged: string[] = [];
/** A service has its keys in a file or on a server, for as long as a message may come again: 14 days. */
const charges = idempotency({ name: 'charges', store: memoryStore(), retention: '14d' });

async function charge({ order, trouble }: Order, count: number): Promise<string> {
  if (trouble === 'never sent' && count === 1) throw safeToRetry(new Error('bank not reached'));
  charged.push(order);
  if (trouble === 'no answer') throw new Error('no answer from the bank');
  return `receipt ${charged.length}`;
}

async function consume(queue: Queue, message: Message): Promise<string> {
  const { body, count } = message;
  try {
    const order = JSON.parse(body) as Order;
    // The order's id, not the message's: whoever sends an order twice makes two messages.
    const work = () => charge(order, count);
    const receipt = await charges.idempotent(order.order, work, { payload: order });
    if (order.trouble === 'crash' && count === 1) return `${receipt}, and a crash`;
    queue.delete(message);
    return `${receipt}, deleted`;
  } catch (error) {
    // No further delivery would find out, or help: a person asks the bank, or the sender.
    const isFinal =
      (error instanceof IdempotencyConflictError && error.why !== 'in-progress') ||
      error instanceof IdempotencyMismatchError;
    if (isFinal) queue.moveAway(message);
    return (error as Error).message;
  }
}

const queue = new Queue();
queue.send('m1', '{"order":"A"}');
queue.send('m2', '{"order":"A"}');
queue.send('m3', '{"order":"B","trouble":"crash"}');
queue.send('m4', '{"order":"C","trouble":"never sent"}');
queue.send('m5', '{"order":"D","trouble":"no answer"}');
queue.send('m6', '{"order":"A","cents":1}');
queue.send('m7', 'not an order');
for (let message = queue.receive(); message !== undefined; message = queue.receive()) {
  const said = await consume(queue, message);
  console.log(`${message.id}, received ${message.count}: ${said}`);
}
console.log(`charged: ${charged.join(' ')}`);
console.log(`dead letters: ${queue.deadLetters.map(({ id }) => id).join(' ')}`);
await charges.close();
