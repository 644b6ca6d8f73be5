import type { Clock, TimerNode, TimerOwner } from '../runtime/clock.ts';

interface Armed {
  readonly node: TimerNode;
  readonly due: number;
  /** Orders timers of the same moment by when they were armed. */
  readonly order: number;
}

/** How many disarmed timers may stay in the heap, beyond as many as are armed. */
const SLACK = 64;

/**
 * Time that stands still until it is told to advance. Timers expire exactly when they are due, in
 * order, and `now()` is then the time they were due at.
 */
export class TestClock implements Clock, TimerOwner {
  readonly #epoch: number;
  #now: number;
  #order = 0;
  readonly #armed = new Map<TimerNode, Armed>();
  /** A binary heap by (due, order). A disarmed timer stays until it comes up, or is swept. */
  readonly #heap: Armed[] = [];

  /** @param now where the monotonic clock starts; @param epoch what wall time is then. */
  constructor(now: number = 0, epoch: number = 0) {
    this.#now = now;
    this.#epoch = epoch - now;
  }

  now(): number {
    return this.#now;
  }

  recent(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#epoch + this.#now;
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#armed.size;
  }

  start(node: TimerNode, delay: number): void {
    const due = delay > 0 ? this.#now + delay : this.#now;
    const entry = { node, due, order: this.#order++ };
    node.timerOwner = this;
    node.timerStart = this.#now;
    this.#armed.set(node, entry);
    if (this.#heap.length > 2 * this.#armed.size + SLACK) this.#sweep();
    push(this.#heap, entry);
  }

  stop(node: TimerNode): void {
    node.timerOwner?.remove(node);
  }

  remove(node: TimerNode): void {
    node.timerOwner = null;
    this.#armed.delete(node);
  }

  /** Lets so many milliseconds pass; timers that are due by then expire. With 0, those expire that wait for the next turn. */
  advance(ms: number): void {
    const end = this.#after(ms);
    while (this.expireNext(end));
    this.#now = Math.max(this.#now, end);
  }

  /**
   * As `advance`, with a turn for promises after each timer and at the end: for operations and callers
   * that await.
   */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#after(ms);
    await settle();
    while (this.expireNext(end)) await settle();
    this.#now = Math.max(this.#now, end);
    await settle();
  }

  /** When the next timer is due; Infinity without one. */
  nextDue(): number {
    for (let [first] = this.#heap; first !== undefined; [first] = this.#heap) {
      if (this.#armed.get(first.node) === first) return first.due;
      pop(this.#heap);
    }
    return Infinity;
  }

  /** Expires the next timer if it is due by `end`, and moves time to it; false if there is none. */
  expireNext(end: number): boolean {
    if (this.nextDue() > end || this.#heap.length === 0) return false;
    const { node, due } = pop(this.#heap);
    this.remove(node);
    this.#now = Math.max(this.#now, due);
    node.expire();
    return true;
  }

  #after(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`time only goes forward, got ${ms}`);
    return this.#now + ms;
  }

  /** Lets go of disarmed timers, and of all that they hold. */
  #sweep(): void {
    const live = this.#heap.filter((entry) => this.#armed.get(entry.node) === entry);
    this.#heap.length = 0;
    for (const entry of live) push(this.#heap, entry);
  }
}

/** Lets promises that are ready, and those that follow from them, have their turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Armed, b: Armed): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function push(heap: Armed[], entry: Armed): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(entry, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Armed[]): Armed {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
