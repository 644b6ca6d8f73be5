import type { TimerNode, TimerOwner } from 'holdfast';
import { TimerList } from './timer-list.ts';

/** Disarmed timers that may stay in the heap, beside as many as are armed. */
const SLACK = 64;

/**
 * A 4-ary heap of timers, and of lists of timers for their heads, by when they are due. A timer that
 * is disarmed keeps its place until that comes up, or until there are more of those than of others:
 * taking it out at once would need its place kept with every move.
 */
export class TimerHeap implements TimerOwner {
  size = 0;
  readonly #disarmed = new Set<TimerNode>();
  // One entry lies at one place of all four: it has no object of its own, since a million may wait.
  #entries: (TimerNode | TimerList)[] = [];
  #dues = new Float64Array(256);
  /** Of those due at one moment, the one armed first comes first: by the time, and by the order then. */
  #armed = new Float64Array(256);
  #orders = new Uint32Array(256);
  #order = 0;

  /** Infinity without entries. */
  get topDue(): number {
    return this.size === 0 ? Infinity : this.#dues[0]!;
  }

  get top(): TimerNode | TimerList {
    return this.#entries[0]!;
  }

  /** Arms a timer by itself. */
  arm(node: TimerNode, due: number, now: number): void {
    const { size: disarmed } = this.#disarmed;
    if (disarmed > SLACK && 2 * disarmed > this.size) this.#sweep();
    // Its old place must not be taken for the new one.
    else if (disarmed > 0 && this.#disarmed.has(node)) this.#sweep();
    node.timerOwner = this;
    this.push(node, due, now);
  }

  remove(node: TimerNode): void {
    node.timerOwner = null;
    this.#disarmed.add(node);
  }

  push(entry: TimerNode | TimerList, due: number, armedAt: number): void {
    if (this.size === this.#dues.length) {
      this.#dues = copied(this.#dues, new Float64Array(2 * this.size));
      this.#armed = copied(this.#armed, new Float64Array(2 * this.size));
      this.#orders = copied(this.#orders, new Uint32Array(2 * this.size));
    }
    this.#rise(this.size++, entry, due, armedAt, this.#order++);
  }

  /** Takes the top out. */
  pop(): void {
    const last = --this.size;
    const entry = this.#entries.pop()!;
    if (last > 0) this.#sink(entry, this.#dues[last]!, this.#armed[last]!, this.#orders[last]!);
  }

  /** Takes out the top, a timer by itself; whether it was armed. */
  take(node: TimerNode): boolean {
    this.pop();
    if (this.#disarmed.size > 0 && this.#disarmed.delete(node)) return false;
    node.timerOwner = null;
    return true;
  }

  /** The top is due later than it was, since what it stands for was armed later. */
  postpone(due: number, armedAt: number): void {
    this.#sink(this.#entries[0]!, due, armedAt, this.#orders[0]!);
  }

  #rise(
    from: number,
    entry: TimerNode | TimerList,
    due: number,
    armedAt: number,
    order: number,
  ): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#isBefore(parent, due, armedAt, order)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, entry, due, armedAt, order);
  }

  /** From the top down. */
  #sink(entry: TimerNode | TimerList, due: number, armedAt: number, order: number): void {
    const { size } = this;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const least = this.#leastOf(first, Math.min(first + 4, size));
      if (this.#isBefore(least, due, armedAt, order)) break;
      this.#move(least, at);
      at = least;
    }
    this.#put(at, entry, due, armedAt, order);
  }

  #leastOf(first: number, end: number): number {
    const dues = this.#dues;
    let least = first;
    for (let at = first + 1; at < end; at++) {
      const due = dues[at]!;
      if (due > dues[least]!) continue;
      if (this.#isBefore(least, due, this.#armed[at]!, this.#orders[at]!)) least = at;
    }
    return least;
  }

  /** Whether such an entry comes before the one at this place. */
  #isBefore(at: number, due: number, armedAt: number, order: number): boolean {
    const otherDue = this.#dues[at]!;
    if (due !== otherDue) return due < otherDue;
    const otherArmed = this.#armed[at]!;
    return armedAt === otherArmed ? order < this.#orders[at]! : armedAt < otherArmed;
  }

  #put(
    at: number,
    entry: TimerNode | TimerList,
    due: number,
    armedAt: number,
    order: number,
  ): void {
    this.#dues[at] = due;
    this.#armed[at] = armedAt;
    this.#orders[at] = order;
    this.#entries[at] = entry;
  }

  #move(from: number, to: number): void {
    this.#dues[to] = this.#dues[from]!;
    this.#armed[to] = this.#armed[from]!;
    this.#orders[to] = this.#orders[from]!;
    this.#entries[to] = this.#entries[from]!;
  }

  /** Takes out all that is disarmed. */
  #sweep(): void {
    const entries = this.#entries;
    const { size } = this;
    this.#entries = [];
    this.size = 0;
    for (let at = 0; at < size; at++) {
      const entry = entries[at]!;
      if (!(entry instanceof TimerList) && this.#disarmed.has(entry)) continue;
      // A rise writes at or before its own place, which has been read.
      this.#rise(this.size++, entry, this.#dues[at]!, this.#armed[at]!, this.#orders[at]!);
    }
    this.#disarmed.clear();
  }
}

function copied<A extends Float64Array | Uint32Array>(array: A, larger: A): A {
  larger.set(array);
  return larger;
}
