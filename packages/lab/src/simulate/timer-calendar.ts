import type { TimerNode, TimerOwner } from 'holdfast';
import { type Entry, TimerHeap } from './timer-heap.ts';
import { TimerList } from './timer-list.ts';

/** Days of one millisecond for which there are pages; what is due later shares them, a power of 2 apart. */
const PAGES = 4096;
/** Instead of the index of a note: there is none. */
const NONE = -1;
/** Disarmed timers that may stay, beside as many as are armed. */
const SLACK = 64;

/**
 * What waits, by when it is due: a calendar queue (Brown, 1988) of a page for each millisecond. What is
 * due later is noted on its page, which costs the same however much waits; only a day that has
 * begun is put in order, in a heap that is small.
 *
 * A timer that is disarmed keeps its place until that comes up, or until there are more of those than of
 * others: taking it out at once would need its place kept.
 */
export class TimerCalendar implements TimerOwner {
  /** Entries, those that were disarmed included. */
  size = 0;
  /** What is due on the days that have begun. */
  readonly #begun = new TimerHeap();
  /** The last day that has begun. */
  #today = 0;
  readonly #pages = new Int32Array(PAGES).fill(NONE);
  // Notes, by their index: a page is a chain of them, and so are those that are free.
  #entries: (Entry | null)[] = [];
  #dues = new Float64Array(256);
  #armed = new Float64Array(256);
  #orders = new Uint32Array(256);
  #next = new Int32Array(256);
  #free = NONE;
  #order = 0;
  readonly #disarmed = new Set<TimerNode>();

  /** The first to be due; only after a `nextDue` that was not Infinity. */
  get top(): Entry {
    return this.#begun.top;
  }

  /** When the first is due; Infinity if that is after `until`, or never. */
  nextDue(until: number): number {
    if (this.#begun.size === 0) this.#beginDays(until);
    const due = this.#begun.topDue;
    return due <= until ? due : Infinity;
  }

  /** Arms a timer by itself. */
  arm(node: TimerNode, due: number, now: number): void {
    const { size: disarmed } = this.#disarmed;
    if (disarmed > SLACK && 2 * disarmed > this.size) this.#sweep();
    // Its old place must not be taken for the new one.
    else if (disarmed > 0 && this.#disarmed.has(node)) this.#sweep();
    node.timerOwner = this;
    this.add(node, due, now);
  }

  remove(node: TimerNode): void {
    node.timerOwner = null;
    this.#disarmed.add(node);
  }

  add(entry: Entry, due: number, armedAt: number): void {
    this.size++;
    this.#insert(entry, due, armedAt, this.#order++);
  }

  /** Takes the top out. */
  pop(): void {
    this.size--;
    this.#begun.pop();
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
    const { top, topOrder } = this.#begun;
    this.#begun.pop();
    this.#insert(top, due, armedAt, topOrder);
  }

  #insert(entry: Entry, due: number, armedAt: number, order: number): void {
    const day = Math.floor(due);
    if (day <= this.#today) this.#begun.push(entry, due, armedAt, order);
    else this.#note(entry, due, armedAt, order);
  }

  /** Begins day after day, until something is due or `until` has come. */
  #beginDays(until: number): void {
    const last = Math.floor(until);
    for (let empty = 0; this.#today < last && this.size > 0 && this.#begun.size === 0;) {
      // Whatever there is, is then far away.
      if (++empty > PAGES) this.#today = Math.min(this.#firstDay() - 1, last);
      if (this.#today === last) break;
      this.#begin(++this.#today);
    }
  }

  /** Moves what is due on this day to where it is put in order. */
  #begin(day: number): void {
    const page = day & (PAGES - 1);
    let note = this.#pages[page]!;
    if (note === NONE) return;
    this.#pages[page] = NONE;
    while (note !== NONE) {
      const next = this.#next[note]!;
      if (Math.floor(this.#dues[note]!) === day) this.#bringUp(note);
      else this.#chain(page, note);
      note = next;
    }
  }

  #bringUp(note: number): void {
    const entry = this.#entries[note]!;
    this.#begun.push(entry, this.#dues[note]!, this.#armed[note]!, this.#orders[note]!);
    this.#forget(note);
  }

  #firstDay(): number {
    let first = Infinity;
    this.#entries.forEach((entry, note) => {
      if (entry !== null) first = Math.min(first, Math.floor(this.#dues[note]!));
    });
    return first;
  }

  #note(entry: Entry, due: number, armedAt: number, order: number): void {
    let note = this.#free;
    if (note === NONE) note = this.#room();
    else this.#free = this.#next[note]!;
    this.#entries[note] = entry;
    this.#dues[note] = due;
    this.#armed[note] = armedAt;
    this.#orders[note] = order;
    this.#chain(Math.floor(due) & (PAGES - 1), note);
  }

  #chain(page: number, note: number): void {
    this.#next[note] = this.#pages[page]!;
    this.#pages[page] = note;
  }

  #forget(note: number): void {
    this.#entries[note] = null;
    this.#next[note] = this.#free;
    this.#free = note;
  }

  /** The index of one note more. */
  #room(): number {
    const { length } = this.#entries;
    if (length === this.#dues.length) {
      this.#dues = copied(this.#dues, new Float64Array(2 * length));
      this.#armed = copied(this.#armed, new Float64Array(2 * length));
      this.#orders = copied(this.#orders, new Uint32Array(2 * length));
      this.#next = copied(this.#next, new Int32Array(2 * length));
    }
    return length;
  }

  /** Takes out all that is disarmed. */
  #sweep(): void {
    const isArmed = (entry: Entry): boolean =>
      entry instanceof TimerList || !this.#disarmed.has(entry);
    this.#begun.filter(isArmed);
    for (let page = 0; page < PAGES; page++) {
      let note = this.#pages[page]!;
      this.#pages[page] = NONE;
      while (note !== NONE) {
        const next = this.#next[note]!;
        if (isArmed(this.#entries[note]!)) this.#chain(page, note);
        else this.#forget(note);
        note = next;
      }
    }
    this.size -= this.#disarmed.size;
    this.#disarmed.clear();
  }
}

function copied<A extends Float64Array | Uint32Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
