/**
 * Time, as Holdfast needs it: one monotonic reading, one wall-clock reading, and timers that are
 * nodes the owner embeds in its own objects, so that arming one allocates nothing.
 */
export interface Clock {
  /** Monotonic milliseconds, with fractions. Every duration is measured on it. */
  now(): number;
  /**
   * The last value that `now()` returned, or a little newer: at most 100 ms old while a timer is
   * armed. A precise reading is the most expensive thing on a call's path (about 50 ns), so whoever
   * does not need one asks here.
   */
  recent(): number;
  /** Milliseconds since the Unix epoch: for display and storage, never for durations. */
  wallTime(): number;
  /**
   * How many milliseconds since `since` the process itself stood still: its event loop was blocked, it was starved of
   * the processor, stopped or frozen. Nobody else was slow in these. Optional: without it, none.
   */
  stoodStill?(since: number): number;
  /**
   * Arms `node` to expire `delay` milliseconds after `recent()`, so take a reading first unless one
   * was taken in this very turn. Never early; late by at most max(5 ms, 1 %) on the system clock.
   * 0 or less means "as soon as other work has had its turn". The node must not be armed already.
   */
  start(node: TimerNode, delay: number): void;
  /**
   * As `start`, but the timer does not hold the process: one that has nothing else to do may end before
   * the node expires. Optional: of a clock without it, `start` is used.
   */
  startUnref?(node: TimerNode, delay: number): void;
  /** Disarms `node`; does nothing when it is not armed. */
  stop(node: TimerNode): void;
}

/** Arms a node that does not hold the process, if the clock can do that. */
export function startUnref(clock: Clock, node: TimerNode, delay: number): void {
  if (clock.startUnref === undefined) clock.start(node, delay);
  else clock.startUnref(node, delay);
}

/** What holds armed nodes: a clock's list, queue or heap. */
export interface TimerOwner {
  /** Takes an armed node out of this owner. */
  remove(node: TimerNode): void;
}

/**
 * Something that expires. Embedded (by extension) in what waits, and linked by the clock that arms
 * it, so that arming allocates nothing. The fields are the clock's.
 */
export abstract class TimerNode {
  /** What holds this node while it is armed; null otherwise. */
  timerOwner: TimerOwner | null = null;
  timerPrevious: TimerNode | null = null;
  timerNext: TimerNode | null = null;
  /** When it was armed, on the clock's `now()`; null until then. */
  timerStart: number | null = null;

  /** Called once by the clock, already disarmed. What it throws reaches whoever moves the clock, and stops no other timer. */
  abstract expire(): void;
}
