import type { TimerNode, TimerOwner } from 'holdfast';
import { TimerHeap } from './timer-heap.ts';
import { TimerList } from './timer-list.ts';
import { type Entry, NONE, TimerNotes } from './timer-notes.ts';

/** Days of one millisecond for which there are pages; what is due later shares them, a power of 2 apart. */
const PAGES = 4096;
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
  readonly #notes = new TimerNotes();
  /** What is due on the days that have begun. */
  readonly #begun = new TimerHeap(this.#notes);
  /** The last day that has begun. */
  #today = 0;
  /** Of each, the first note of a chain. */
  readonly #pages = new Int32Array(PAGES).fill(NONE);
  readonly #disarmed = new Set<TimerNode>();

  /** The first to be due; only after a `nextDue` that was not Infinity. */
  get top(): Entry {
    return this.#notes.entries[this.#begun.top]!;
  }

  /** When the first is due; Infinity if that is after `until`, or never. */
  nextDue(until: number): number {
    if (this.#begun.size === 0) this.#beginDays(until);
    if (this.#begun.size === 0) return Infinity;
    const due = this.#notes.dues[this.#begun.top]!;
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
    this.#place(this.#notes.add(entry, due, armedAt));
  }

  /** Takes the top out. */
  pop(): void {
    this.size--;
    this.#notes.remove(this.#begun.pop());
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
    const note = this.#begun.pop();
    this.#notes.dues[note] = due;
    this.#notes.armed[note] = armedAt;
    this.#place(note);
  }

  #place(note: number): void {
    const day = this.#dayOf(note);
    if (day <= this.#today) this.#begun.push(note);
    else this.#chain(day & (PAGES - 1), note);
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
      const next = this.#notes.next[note]!;
      if (this.#dayOf(note) === day) this.#begun.push(note);
      else this.#chain(page, note);
      note = next;
    }
  }

  #firstDay(): number {
    let first = Infinity;
    this.#notes.entries.forEach((entry, note) => {
      if (entry !== null) first = Math.min(first, this.#dayOf(note));
    });
    return first;
  }

  #dayOf(note: number): number {
    return Math.floor(this.#notes.dues[note]!);
  }

  #chain(page: number, note: number): void {
    this.#notes.next[note] = this.#pages[page]!;
    this.#pages[page] = note;
  }

  /** Takes out all that is disarmed. */
  #sweep(): void {
    this.#begun.filter((note) => this.#keeps(note));
    for (let page = 0; page < PAGES; page++) {
      let note = this.#pages[page]!;
      this.#pages[page] = NONE;
      while (note !== NONE) {
        const next = this.#notes.next[note]!;
        if (this.#keeps(note)) this.#chain(page, note);
        note = next;
      }
    }
    this.size -= this.#disarmed.size;
    this.#disarmed.clear();
  }

  /** Whether what is noted is armed; else the note is free. */
  #keeps(note: number): boolean {
    const entry = this.#notes.entries[note]!;
    if (entry instanceof TimerList || !this.#disarmed.has(entry)) return true;
    this.#notes.remove(note);
    return false;
  }
}
