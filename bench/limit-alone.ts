type Operation<T> = (attempt: number) => Promise<T>;
const plus = (a: number, b: number): number => a + b;

export async function retry<T>(operation: Operation<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation(attempt);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** Opens for 30 s after five failures in a row. */
export class Breaker {
  failures = 0;
  openUntil = 0;
  get isOpen(): boolean {
    return this.openUntil > 0 && Date.now() < this.openUntil;
  }
  record(failed: boolean): void {
    this.failures = failed ? this.failures + 1 : 0;
    if (this.failures === 5) this.openUntil = Date.now() + 30_000;
  }
  refusal(): Error {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    const error = new Error('not called, the circuit is open');
    Error.stackTraceLimit = stackTraceLimit;
    return error;
  }
  async call<T>(operation: Operation<T>): Promise<T> {
    if (this.isOpen) throw this.refusal();
    try {
      const value = await operation(1);
      this.record(false);
      return value;
    } catch (error) {
      this.record(true);
      throw error;
    }
  }
}

/** Opens on half of at least 20 calls in the last 10 s. */
export class WindowBreaker extends Breaker {
  readonly #calls = new Array<number>(10).fill(0);
  readonly #bad = new Array<number>(10).fill(0);
  #bucket = 0;
  #end = Date.now(); // of the bucket's second
  override record(failed: boolean, at: number = Date.now()): void {
    if (at >= this.#end) this.#turn(at);
    this.#calls[this.#bucket]!++;
    if (!failed) return;
    this.#bad[this.#bucket]!++;
    const calls = this.#calls.reduce(plus);
    if (calls >= 20 && this.#bad.reduce(plus) >= calls / 2) this.openUntil = at + 30_000;
  }
  #turn(at: number): void {
    for (; at >= this.#end; this.#end += 1000) {
      this.#bucket = (this.#bucket + 1) % 10;
      this.#calls[this.#bucket] = this.#bad[this.#bucket] = 0;
    }
  }
}

export class Bulkhead {
  #free = 10;
  readonly #queue: (() => void)[] = [];
  async call<T>(operation: Operation<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((wake) => this.#queue.push(wake));
    try {
      return await operation(1);
    } finally {
      if (this.#queue.length > 0) this.#queue.shift()!();
      else this.#free++;
    }
  }
}
