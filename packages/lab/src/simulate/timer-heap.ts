import type { TimerNotes } from './timer-notes.ts';

/** A 4-ary heap of notes, by their order. */
export class TimerHeap {
  size = 0;
  readonly #notes: TimerNotes;
  #heap = new Int32Array(64);

  constructor(notes: TimerNotes) {
    this.#notes = notes;
  }

  /** The first note; ask `size` before. */
  get top(): number {
    return this.#heap[0]!;
  }

  push(note: number): void {
    if (this.size === this.#heap.length) this.#grow();
    const heap = this.#heap;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#notes.isBefore(note, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = note;
  }

  /** Takes the first note out; ask `size` before. */
  pop(): number {
    const top = this.#heap[0]!;
    const last = --this.size;
    if (last > 0) this.#sink(this.#heap[last]!);
    return top;
  }

  /** Takes out every note that is not wanted. */
  filter(isWanted: (note: number) => boolean): void {
    const notes = this.#heap.slice(0, this.size);
    this.size = 0;
    for (const note of notes) if (isWanted(note)) this.push(note);
  }

  /** From the top down. */
  #sink(note: number): void {
    const { size } = this;
    const heap = this.#heap;
    let at = 0;
    for (let least = 1; least < size; least = 4 * at + 1) {
      const end = Math.min(least + 4, size);
      for (let child = least + 1; child < end; child++) {
        if (this.#notes.isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (this.#notes.isBefore(note, heap[least]!)) break;
      heap[at] = heap[least]!;
      at = least;
    }
    heap[at] = note;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.size);
    larger.set(this.#heap);
    this.#heap = larger;
  }
}
