import type { TimerNode, TimerOwner } from './clock.ts';

/**
 * Armed timers, grouped by duration: timers of one duration expire in the order in which they
 * started, so each group is a first-in first-out list and arming or disarming is a few pointer
 * writes, whatever the number pending.
 *
 * To keep the number of groups small, durations are rounded up to a decimal grid: steps of 5 ms
 * below one second, then two further significant digits. A timer is thus never early and late by at
 * most max(5 ms, 1 %), while every duration that people write ('250ms', '1.5s', '30s') is exact.
 */
export class TimerLists {
  /** How many nodes are armed. */
  armed: number = 0;
  readonly #lists: Map<number, TimerList> = new Map();
  /** The two durations wanted last: most calls want an attempt timeout, or that and a deadline. */
  #lastDelay = NaN;
  #lastList: TimerList | null = null;
  #otherDelay = NaN;
  #otherList: TimerList | null = null;
  /** The list from which the last node came that was due. */
  #dueList: TimerList | null = null;

  /** Arms a node and returns when it will expire. */
  add(node: TimerNode, delay: number, now: number): number {
    const list =
      delay === this.#lastDelay
        ? this.#lastList!
        : delay === this.#otherDelay
          ? this.#otherList!
          : this.#listFor(delay);
    list.append(node, now);
    return now + list.duration;
  }

  #listFor(delay: number): TimerList {
    const duration = roundUp(delay);
    let list = this.#lists.get(duration);
    if (list === undefined) {
      list = new TimerList(this, duration);
      this.#lists.set(duration, list);
    }
    this.#otherDelay = this.#lastDelay;
    this.#otherList = this.#lastList;
    this.#lastDelay = delay;
    this.#lastList = list;
    return list;
  }

  /** Disarms a node of these lists, in constant time. */
  remove(node: TimerNode): void {
    node.timerOwner?.remove(node);
  }

  /**
   * Disarms and returns one node that is due, or null. Ties and neighbours come in list order; the
   * caller decides how many to take in one turn.
   */
  takeDue(now: number): TimerNode | null {
    // Nodes that are due at the same time mostly have one duration.
    const last = this.#dueList?.takeDue(now) ?? null;
    if (last !== null) return last;
    for (const list of this.#lists.values()) {
      const node = list.takeDue(now);
      if (node !== null) {
        this.#dueList = list;
        return node;
      }
    }
    return null;
  }

  #forget(duration: number): void {
    this.#lists.delete(duration);
    this.#lastDelay = this.#otherDelay = NaN;
    this.#lastList = this.#otherList = this.#dueList = null;
  }

  /** When the next node expires (Infinity if none is armed); forgets lists that have emptied. */
  nextDue(): number {
    let due = Infinity;
    for (const [duration, list] of this.#lists) {
      if (list.head === null) this.#forget(duration);
      else due = Math.min(due, list.headDue());
    }
    return due;
  }
}

class TimerList implements TimerOwner {
  head: TimerNode | null = null;
  #tail: TimerNode | null = null;
  readonly #lists: TimerLists;

  readonly duration: number;

  constructor(lists: TimerLists, duration: number) {
    this.#lists = lists;
    this.duration = duration;
  }

  headDue(): number {
    return this.head === null ? Infinity : this.head.timerStart! + this.duration;
  }

  /** Takes the head, if it is due. */
  takeDue(now: number): TimerNode | null {
    const { head } = this;
    if (head === null || head.timerStart! + this.duration > now) return null;
    this.remove(head);
    return head;
  }

  append(node: TimerNode, now: number): void {
    const tail = this.#tail;
    node.timerOwner = this;
    node.timerStart = now;
    node.timerPrevious = tail;
    if (tail === null) this.head = node;
    else tail.timerNext = node;
    this.#tail = node;
    this.#lists.armed++;
  }

  remove(node: TimerNode): void {
    const { timerPrevious: previous, timerNext: next } = node;
    if (previous === null) this.head = next;
    else previous.timerNext = next;
    if (next === null) this.#tail = previous;
    else next.timerPrevious = previous;
    node.timerOwner = null;
    node.timerPrevious = null;
    node.timerNext = null;
    this.#lists.armed--;
  }
}

/** The next duration of the grid that is not shorter. */
function roundUp(delay: number): number {
  let step = 5;
  for (let edge = 1000; delay > edge; edge *= 10) step = edge / 100;
  return Math.ceil(delay / step) * step;
}
