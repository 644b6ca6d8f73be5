/** A 4-ary min-heap by moments, without order at one moment: the least that an event costs. */
export class Heap<T> {
  size = 0;
  #dues = new Float64Array(1024);
  readonly #payloads: T[] = [];

  /** When the next one is due. */
  get topDue(): number {
    return this.#dues[0]!;
  }

  push(due: number, payload: T): void {
    if (this.size === this.#dues.length) this.#grow();
    const dues = this.#dues;
    const payloads = this.#payloads;
    let at = this.size++;
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

  /** Takes out what is due first; ask `size` before. */
  pop(): T {
    const dues = this.#dues;
    const payloads = this.#payloads;
    const top = payloads[0]!;
    const size = --this.size;
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
    const dues = new Float64Array(2 * this.size);
    dues.set(this.#dues);
    this.#dues = dues;
  }
}
