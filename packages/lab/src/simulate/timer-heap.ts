import type { TimerNode } from 'holdfast';
import type { TimerList } from './timer-list.ts';

/** What waits for its time: a timer, or a list of timers that stands for its head. */
export type Entry = TimerNode | TimerList;

/**
 * A 4-ary heap of what waits, by when it is due. Of those due at one moment the one armed first comes
 * first: by the time, and by the order then.
 */
export class TimerHeap {
  size = 0;
  // One entry lies at one place of all four, and has no object of its own.
  readonly #entries: Entry[] = [];
  #dues = new Float64Array(64);
  #armed = new Float64Array(64);
  #orders = new Float64Array(64);

  /** Infinity without entries. */
  get topDue(): number {
    return this.size === 0 ? Infinity : this.#dues[0]!;
  }

  get top(): Entry {
    return this.#entries[0]!;
  }

  get topOrder(): number {
    return this.#orders[0]!;
  }

  push(entry: Entry, due: number, armedAt: number, order: number): void {
    if (this.size === this.#dues.length) {
      this.#dues = doubled(this.#dues);
      this.#armed = doubled(this.#armed);
      this.#orders = doubled(this.#orders);
    }
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#isBefore(parent, due, armedAt, order)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, entry, due, armedAt, order);
  }

  /** Takes the top out. */
  pop(): void {
    const last = --this.size;
    const entry = this.#entries.pop()!;
    if (last > 0) this.#sink(entry, this.#dues[last]!, this.#armed[last]!, this.#orders[last]!);
  }

  /** Takes out everything that is not wanted. */
  filter(isWanted: (entry: Entry) => boolean): void {
    const entries = this.#entries.splice(0);
    this.size = 0;
    entries.forEach((entry, at) => {
      // A push writes at or before the place that has just been read.
      if (isWanted(entry)) {
        this.push(entry, this.#dues[at]!, this.#armed[at]!, this.#orders[at]!);
      }
    });
  }

  /** From the top down. */
  #sink(entry: Entry, due: number, armedAt: number, order: number): void {
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

  #put(at: number, entry: Entry, due: number, armedAt: number, order: number): void {
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
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}
