import type { Clock, TimerNode } from 'holdfast';
import { TimerCalendar } from './timer-calendar.ts';
import { TimerList } from './timer-list.ts';

/** Durations that get a list of their own; timers of any further ones stand by themselves. */
const MAX_LISTS = 256;
/** So many events at one moment are taken for a loop in which time stands still. */
const MAX_AT_ONCE = 10_000_000;

/**
 * Time that jumps from event to event. A timer expires exactly when it is due; of those due at one
 * moment the one that was armed first comes first.
 *
 * Timeouts are many, of few durations, and mostly disarmed: timers of a whole number of
 * milliseconds stand in one list a duration, which costs the same however many there are. Drawn
 * times are all different: they stand in a calendar, and so does each list for its head.
 */
export class VirtualClock implements Clock {
  /** Timers that have expired. */
  events = 0;
  #now = 0;
  #atOnce = 0;
  readonly #calendar = new TimerCalendar();
  readonly #lists = new Map<number, TimerList>();
  #lastDelay = NaN;
  #lastList: TimerList | null = null;

  now(): number {
    return this.#now;
  }

  recent(): number {
    return this.#now;
  }

  /** The simulation begins with the epoch. */
  wallTime(): number {
    return this.#now;
  }

  start(node: TimerNode, delay: number): void {
    const now = this.#now;
    // So short that the time stays the same is no time, and so is NaN, which would never expire.
    const duration = now + delay > now ? delay : 0;
    const list = duration === this.#lastDelay ? this.#lastList : this.#listFor(duration);
    if (list === null) {
      node.timerStart = now;
      this.#arm(node, duration);
      return;
    }
    list.append(node, now);
    if (list.isNoted) return;
    list.isNoted = true;
    this.#calendar.add(list, now + duration, now);
  }

  /** The same for a delay that hardly any other has, of a node that does not ask when it was armed. */
  startDrawn(node: TimerNode, delay: number): void {
    if (Number.isInteger(delay) || !(this.#now + delay > this.#now)) this.start(node, delay);
    else this.#arm(node, delay);
  }

  stop(node: TimerNode): void {
    node.timerOwner?.remove(node);
  }

  /**
   * Lets everything happen that is due by `until`, and moves the time there; when more than `maxEvents` have
   * happened since the beginning, it stops where it is.
   *
   * @throws RangeError when events follow each other without any time between them, for ever.
   */
  run(until: number, maxEvents = Infinity): void {
    for (let node = this.#take(until); node !== null; node = this.#take(until)) {
      this.events++;
      node.expire();
      if (this.events > maxEvents) return;
    }
    if (until > this.#now) this.#now = until;
  }

  /** Disarms the next timer that is due by `until`, and moves the time to it. */
  #take(until: number): TimerNode | null {
    const calendar = this.#calendar;
    for (let due = calendar.nextDue(until); due < Infinity; due = calendar.nextDue(until)) {
      const { top } = calendar;
      const node = top instanceof TimerList ? this.#takeHead(top, due) : top;
      if (node === null || (node === top && !calendar.take(node))) continue;
      this.#goTo(due);
      return node;
    }
    return null;
  }

  /** The head of a list, which is the calendar's top, if it is due now; else the list finds its place. */
  #takeHead(list: TimerList, due: number): TimerNode | null {
    const { head } = list;
    if (head === null) {
      list.isNoted = false;
      this.#calendar.pop();
      return null;
    }
    const armedAt = head.timerStart!;
    const headDue = armedAt + list.duration;
    if (headDue > due) {
      this.#calendar.postpone(headDue, armedAt);
      return null;
    }
    list.remove(head);
    return head;
  }

  #arm(node: TimerNode, delay: number): void {
    const now = this.#now;
    if (delay < Infinity) this.#calendar.arm(node, now + delay, now);
  }

  #goTo(due: number): void {
    if (due > this.#now) {
      this.#now = due;
      this.#atOnce = 0;
    } else if (++this.#atOnce > MAX_AT_ONCE) {
      throw new RangeError(
        `the simulation stands still at ${due} ms: events follow each other without time between them, as retries without a wait do`,
      );
    }
  }

  #listFor(duration: number): TimerList | null {
    if (!Number.isInteger(duration)) return null;
    let list = this.#lists.get(duration);
    if (list === undefined) {
      if (this.#lists.size === MAX_LISTS) return null;
      list = new TimerList(duration);
      this.#lists.set(duration, list);
    }
    this.#lastDelay = duration;
    this.#lastList = list;
    return list;
  }
}
