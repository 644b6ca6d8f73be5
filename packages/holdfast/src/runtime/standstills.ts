/** How many are remembered. */
const MOST = 16;

/** When a process stood still, lately. */
export class Standstills {
  /** From when to when each was, oldest first, in milliseconds. */
  readonly #all: (readonly [from: number, to: number])[] = [];

  note(from: number, to: number): void {
    this.#all.push([from, to]);
    if (this.#all.length > MOST) this.#all.shift();
  }

  /** How long it stood still since then, in milliseconds, in all. */
  since(moment: number): number {
    let sum = 0;
    for (const [from, to] of this.#all) sum += Math.max(0, to - Math.max(from, moment));
    return sum;
  }
}
