/** The least that does the job, by hand: no events, no jitter, no probe limit, coarse time. */
import { WindowBreaker } from './limit-alone.ts';
type Operation = (attempt: Attempt) => Promise<unknown>;
type Settle = (outcome: unknown) => void;

let now = Date.now();
const lists: Attempt[] = [];
setInterval(() => {
  now = Date.now();
  for (const list of lists) while (list.next.due <= now) list.next.reject(new Error('timed out'));
}, 50).unref();

/** Timers of one duration, in the order in which they began: a ring, whose head is never due. */
export const timers = (): Attempt => lists[lists.push(new Attempt()) - 1]!;

/** What an operation is given. As a node of its list, it is its own timer. */
class Attempt {
  number = 1;
  due = Infinity;
  next: Attempt = this;
  previous: Attempt = this;
  reject: Settle = String;
  #controller: AbortController | null = null;
  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }
  start(list: Attempt, ms: number): void {
    this.due = now + ms;
    this.next = list;
    this.previous = list.previous;
    list.previous = this.previous.next = this;
  }
  end(error?: unknown): boolean {
    if (this.next === this) return false; // not the first end
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this.previous = this;
    if (error !== undefined) this.#controller?.abort(error);
    return true;
  }
}

export function timeout(operation: Operation, list: Attempt, ms: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const attempt = new Attempt();
    attempt.reject = (error) => attempt.end(error) && reject(error);
    attempt.start(list, ms);
    operation(attempt).then((value) => attempt.end() && resolve(value), attempt.reject);
  });
}

/** Retry, bulkhead, breaker and timeout. */
export class Pipeline extends WindowBreaker {
  #free = 10;
  readonly #queue: (() => void)[] = [];
  readonly #timers = timers();
  run(operation: Operation): Promise<unknown> {
    return new Promise((resolve, reject) => this.#try(operation, 1, resolve, reject));
  }
  #try(run: Operation, n: number, resolve: Settle, reject: Settle): void {
    if (this.isOpen) return reject(this.refusal());
    if (this.#free === 0) return void this.#queue.push(() => this.#try(run, n, resolve, reject));
    this.#free--;
    const it = new Attempt();
    it.number = n;
    it.reject = (error) => {
      if (!it.end(error)) return;
      this.#leave(true);
      if (n === 3) reject(error);
      else this.#try(run, n + 1, resolve, reject);
    };
    it.start(this.#timers, 5000);
    run(it).then((value) => it.end() && (this.#leave(false), resolve(value)), it.reject);
  }
  #leave(failed: boolean): void {
    this.record(failed, now);
    this.#free++;
    this.#queue.shift()?.();
  }
}
