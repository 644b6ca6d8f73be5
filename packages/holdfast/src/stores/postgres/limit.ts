import { type Clock, TimerNode } from '../../runtime/clock.ts';

/** The most that a transaction may take: whatever its work waits for, it ends. */
export class Limit extends TimerNode {
  /** Rejects when the time is over. */
  readonly over: Promise<never>;
  isOver = false;
  readonly #clock: Clock;
  readonly #time: number;
  #reject!: (error: Error) => void;

  constructor(clock: Clock, time: number) {
    super();
    this.#clock = clock;
    this.#time = time;
    this.over = new Promise((_, reject) => (this.#reject = reject));
    clock.now();
    if (time < Infinity) clock.start(this, time);
  }

  override expire(): void {
    this.isOver = true;
    this.#reject(new Error(`the transaction was ended: it has taken longer than ${this.#time} ms`));
  }

  stop(): void {
    this.#clock.stop(this);
  }
}
