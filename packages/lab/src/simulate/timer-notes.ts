import type { TimerNode } from 'holdfast';
import type { TimerList } from './timer-list.ts';

/** What waits for its time: a timer, or a list of timers that stands for its head. */
export type Entry = TimerNode | TimerList;

/** Instead of a note: there is none. */
export const NONE = -1;

/**
 * Notes of what waits, and until when. A note is an index, and lies at one place of all columns; it
 * has no object of its own.
 */
export class TimerNotes {
  readonly entries: (Entry | null)[] = [];
  dues: Float64Array = new Float64Array(256);
  /** When it was armed. */
  armed: Float64Array = new Float64Array(256);
  /** The next one of a chain: of those that are free, or of whoever holds the note. */
  next: Int32Array = new Int32Array(256);
  /** The order in which those were noted that were armed at one moment. */
  #orders = new Float64Array(256);
  #order = 0;
  #free = NONE;

  add(entry: Entry, due: number, armedAt: number): number {
    const note = this.#free === NONE ? this.#room() : this.#free;
    this.#free = this.next[note]!;
    this.entries[note] = entry;
    this.dues[note] = due;
    this.armed[note] = armedAt;
    this.#orders[note] = this.#order++;
    return note;
  }

  remove(note: number): void {
    this.entries[note] = null;
    this.next[note] = this.#free;
    this.#free = note;
  }

  /** Of those due at one moment the one armed first comes first: by the time, and by the order then. */
  isBefore(one: number, other: number): boolean {
    const due = this.dues[one]!;
    const otherDue = this.dues[other]!;
    if (due !== otherDue) return due < otherDue;
    const armed = this.armed[one]!;
    const otherArmed = this.armed[other]!;
    return armed === otherArmed ? this.#orders[one]! < this.#orders[other]! : armed < otherArmed;
  }

  /** One note more. */
  #room(): number {
    const { length } = this.entries;
    if (length === this.dues.length) {
      this.dues = copied(this.dues, new Float64Array(2 * length));
      this.armed = copied(this.armed, new Float64Array(2 * length));
      this.#orders = copied(this.#orders, new Float64Array(2 * length));
      this.next = copied(this.next, new Int32Array(2 * length));
    }
    this.next[length] = NONE;
    return length;
  }
}

function copied<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
