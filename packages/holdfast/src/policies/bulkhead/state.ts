/** Something that can wait: linked into the queue itself, so that leaving from the middle is cheap. */
export interface Waiter<W> {
  /** 0 goes first. */
  readonly rank: number;
  previousWaiter: W | null;
  nextWaiter: W | null;
}

/** Waiters for a slot: the most important first, and within one rank the one that came first. */
export class WaitQueue<W extends Waiter<W>> {
  readonly #heads: (W | null)[];
  readonly #tails: (W | null)[];
  #length = 0;

  constructor(ranks: number) {
    this.#heads = new Array<W | null>(ranks).fill(null);
    this.#tails = new Array<W | null>(ranks).fill(null);
  }

  get length(): number {
    return this.#length;
  }

  add(waiter: W): void {
    const { rank } = waiter;
    const tail = this.#tails[rank]!;
    waiter.previousWaiter = tail;
    if (tail === null) this.#heads[rank] = waiter;
    else tail.nextWaiter = waiter;
    this.#tails[rank] = waiter;
    this.#length++;
  }

  remove(waiter: W): void {
    const { rank, previousWaiter: previous, nextWaiter: next } = waiter;
    if (previous === null) this.#heads[rank] = next;
    else previous.nextWaiter = next;
    if (next === null) this.#tails[rank] = previous;
    else next.previousWaiter = previous;
    waiter.previousWaiter = null;
    waiter.nextWaiter = null;
    this.#length--;
  }

  /** Whether this waiter is in the queue. */
  holds(waiter: W): boolean {
    return waiter.previousWaiter !== null || this.#heads[waiter.rank] === waiter;
  }

  /** All of them now, in the order of their turns. */
  all(): W[] {
    const waiters: W[] = [];
    for (const head of this.#heads) {
      for (let waiter = head; waiter !== null; waiter = waiter.nextWaiter) waiters.push(waiter);
    }
    return waiters;
  }

  /** The waiter whose turn is next. */
  first(): W | null {
    return this.#heads.find((waiter) => waiter !== null) ?? null;
  }

  /** The waiter that gives way to a more important one of this rank: of the least important, the last that came. */
  lastBelow(rank: number): W | null {
    for (let lower = this.#tails.length - 1; lower > rank; lower--) {
      const waiter = this.#tails[lower]!;
      if (waiter !== null) return waiter;
    }
    return null;
  }
}
