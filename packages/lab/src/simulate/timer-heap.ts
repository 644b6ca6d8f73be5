import type { TimerNode, TimerOwner } from 'holdfast';
import type { TimerList } from './timer-list.ts';

/** What stands in the heap: one timer, or a list of timers for its head. */
export class HeapEntry implements TimerOwner {
  /** When it was armed: of those due at one moment, the one armed first comes first. */
  armedAt = 0;
  order = 0;
  node: TimerNode | null = null;
  list: TimerList | null = null;
  readonly #heap: TimerHeap;

  constructor(heap: TimerHeap) {
    this.#heap = heap;
  }

  remove(node: TimerNode): void {
    node.timerOwner = null;
    this.node = null;
    this.#heap.died();
  }
}

/** Disarmed entries that may stay in the heap, beside as many as are armed. */
const SLACK = 64;

/**
 * A 4-ary heap by when entries are due. What is disarmed stays until it comes up, or until there is
 * more of that than of the rest: taking it out at once would need its position kept with every move.
 */
export class TimerHeap {
  size = 0;
  #dues = new Float64Array(256);
  #entries: HeapEntry[] = [];
  #dead = 0;
  #order = 0;
  /** Entries to use again, so that arming a timer allocates nothing. */
  readonly #spare: HeapEntry[] = [];

  get top(): HeapEntry {
    return this.#entries[0]!;
  }

  /** Infinity without entries. */
  get topDue(): number {
    return this.size === 0 ? Infinity : this.#dues[0]!;
  }

  /** Arms a timer by itself. */
  arm(node: TimerNode, due: number, now: number): void {
    if (this.#dead > SLACK && 2 * this.#dead > this.size) this.#sweep();
    const entry = this.#spare.pop() ?? new HeapEntry(this);
    entry.node = node;
    entry.armedAt = now;
    node.timerOwner = entry;
    this.push(entry, due);
  }

  push(entry: HeapEntry, due: number): void {
    entry.order = this.#order++;
    if (this.size === this.#dues.length) {
      const dues = new Float64Array(2 * this.size);
      dues.set(this.#dues);
      this.#dues = dues;
    }
    this.#rise(this.size++, entry, due);
  }

  /** Takes the top out. */
  pop(): void {
    const last = --this.size;
    const entry = this.#entries.pop()!;
    if (last > 0) this.#sink(0, entry, this.#dues[last]!);
  }

  /** Takes out the top, a timer by itself, and returns it; null if it was disarmed. */
  take(): TimerNode | null {
    const entry = this.top;
    const { node } = entry;
    this.pop();
    entry.node = null;
    this.#spare.push(entry);
    if (node === null) this.#dead--;
    else node.timerOwner = null;
    return node;
  }

  /** The top is due later than it was. */
  postpone(due: number): void {
    this.#sink(0, this.top, due);
  }

  died(): void {
    this.#dead++;
  }

  #rise(from: number, entry: HeapEntry, due: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#before(due, entry, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#dues[at] = due;
    this.#entries[at] = entry;
  }

  #sink(from: number, entry: HeapEntry, due: number): void {
    const { size } = this;
    let at = from;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let least = first;
      for (let child = first + 1; child < end; child++) {
        if (this.#before(this.#dues[child]!, this.#entries[child]!, least)) least = child;
      }
      if (this.#before(due, entry, least)) break;
      this.#move(least, at);
      at = least;
    }
    this.#dues[at] = due;
    this.#entries[at] = entry;
  }

  #move(from: number, to: number): void {
    this.#dues[to] = this.#dues[from]!;
    this.#entries[to] = this.#entries[from]!;
  }

  #before(due: number, entry: HeapEntry, at: number): boolean {
    const other = this.#dues[at]!;
    if (due !== other) return due < other;
    const { armedAt, order } = this.#entries[at]!;
    return entry.armedAt === armedAt ? entry.order < order : entry.armedAt < armedAt;
  }

  #sweep(): void {
    const entries = this.#entries;
    const dues = this.#dues;
    this.#entries = [];
    const { size } = this;
    this.size = 0;
    this.#dead = 0;
    for (let at = 0; at < size; at++) {
      const entry = entries[at]!;
      // A rise writes at or before its own place, which has been read.
      if (entry.node !== null || entry.list !== null) this.#rise(this.size++, entry, dues[at]!);
      else this.#spare.push(entry);
    }
  }
}
