/** What is to happen. */
export interface Event {
  /** The moment. */
  due: number;
  /** At one moment, what was put first happens first. */
  order: number;
}

/** A 4-ary min-heap of objects in order, as a simulator's queue of events is written by the book. */
export class EventHeap {
  readonly #events: Event[] = [];

  push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    // At the end for now, so that the array grows by one.
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!isBefore(event, events[parent]!)) break;
      events[at] = events[parent]!;
      at = parent;
    }
    events[at] = event;
  }

  /** Takes out what happens first; there must be something. */
  pop(): Event {
    const events = this.#events;
    const top = events[0]!;
    const last = events.pop()!;
    const size = events.length;
    if (size === 0) return top;
    let at = 0;
    for (let least = 1; least < size; least = 4 * at + 1) {
      const end = Math.min(least + 4, size);
      for (let child = least + 1; child < end; child++) {
        if (isBefore(events[child]!, events[least]!)) least = child;
      }
      if (!isBefore(events[least]!, last)) break;
      events[at] = events[least]!;
      at = least;
    }
    events[at] = last;
    return top;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
