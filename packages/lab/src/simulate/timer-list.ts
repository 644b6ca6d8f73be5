import type { TimerNode, TimerOwner } from 'holdfast';

/**
 * Armed timers of one duration, first in, first out: they expire in the order in which they were
 * armed, so arming and disarming are a few pointer writes, however many there are.
 */
export class TimerList implements TimerOwner {
  head: TimerNode | null = null;
  #tail: TimerNode | null = null;
  /** It stands in the calendar for its head, at the latest when that is due. */
  isNoted = false;
  readonly duration: number;

  constructor(duration: number) {
    this.duration = duration;
  }

  append(node: TimerNode, now: number): void {
    const tail = this.#tail;
    node.timerOwner = this;
    node.timerStart = now;
    node.timerPrevious = tail;
    if (tail === null) this.head = node;
    else tail.timerNext = node;
    this.#tail = node;
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
  }
}
