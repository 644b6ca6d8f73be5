/** What is to happen, the first to be due on top. */
export interface HeapLike<T> {
  /** When the next one is due. */
  readonly topDue: number;
  push(due: number, payload: T): void;
  /** Takes out what is due first; not when there is nothing. */
  pop(): T;
}

/** A 4-ary min-heap by moments in columns, without order at one moment: the least that an event costs. */
export class Heap<T> implements HeapLike<T> {
  #size = 0;
  #dues = new Float64Array(1024);
  readonly #payloads: T[] = [];

  get topDue(): number {
    return this.#dues[0]!;
  }

  push(due: number, payload: T): void {
    if (this.#size === this.#dues.length) this.#grow();
    const dues = this.#dues;
    const payloads = this.#payloads;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (dues[parent]! <= due) break;
      dues[at] = dues[parent]!;
      payloads[at] = payloads[parent]!;
      at = parent;
    }
    dues[at] = due;
    payloads[at] = payload;
  }

  pop(): T {
    const dues = this.#dues;
    const payloads = this.#payloads;
    const top = payloads[0]!;
    const size = --this.#size;
    const due = dues[size]!;
    const payload = payloads.pop()!;
    if (size === 0) return top;
    let at = 0;
    for (let least = 1; least < size; least = 4 * at + 1) {
      const end = Math.min(least + 4, size);
      for (let child = least + 1; child < end; child++) {
        if (dues[child]! < dues[least]!) least = child;
      }
      if (dues[least]! >= due) break;
      dues[at] = dues[least]!;
      payloads[at] = payloads[least]!;
      at = least;
    }
    dues[at] = due;
    payloads[at] = payload;
    return top;
  }

  #grow(): void {
    const dues = new Float64Array(2 * this.#size);
    dues.set(this.#dues);
    this.#dues = dues;
  }
}

/** Something that is to happen. */
class Event<T> {
  readonly due: number;
  readonly #order: number;
  readonly payload: T;

  constructor(due: number, order: number, payload: T) {
    this.due = due;
    this.#order = order;
    this.payload = payload;
  }

  /** Of those due at one moment the one that was pushed first comes first. */
  isBefore(other: Event<T>): boolean {
    return this.due < other.due || (this.due === other.due && this.#order < other.#order);
  }
}

/** The same as simulators have it: of events, by moment and then by the order in which they were pushed. */
export class EventHeap<T> implements HeapLike<T> {
  readonly #events: Event<T>[] = [];
  #pushed = 0;

  get topDue(): number {
    return this.#events[0]!.due;
  }

  push(due: number, payload: T): void {
    const event = new Event(due, this.#pushed++, payload);
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!event.isBefore(events[parent]!)) break;
      events[at] = events[parent]!;
      at = parent;
    }
    events[at] = event;
  }

  pop(): T {
    const events = this.#events;
    const top = events[0]!;
    const event = events.pop()!;
    const size = events.length;
    if (size === 0) return top.payload;
    let at = 0;
    for (let least = 1; least < size; least = 4 * at + 1) {
      const end = Math.min(least + 4, size);
      for (let child = least + 1; child < end; child++) {
        if (events[child]!.isBefore(events[least]!)) least = child;
      }
      if (!events[least]!.isBefore(event)) break;
      events[at] = events[least]!;
      at = least;
    }
    events[at] = event;
    return top.payload;
  }
}
