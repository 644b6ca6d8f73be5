/**
 * Retry, bulkhead, breaker and timeout fused by hand into one, with what Holdfast's four have:
 * classifier, jitter, budget, permits, a time window with slow calls, one precise reading of the
 * clock, and an attempt whose signal is made when it is read. What it lacks is everything that
 * makes a library of it: composing, options, events, records, half-open probes.
 */
import type { Classifier } from 'holdfast';

type Operation = (attempt: Attempt) => Promise<unknown>;

/** A permit is its generation times this. */
const PERMITS = 1024;
const BUCKETS = 10;
/** Milliseconds of a bucket of the window, and between two looks for attempts that are due. */
const BUCKET = 3000;
const TICK = 50;

/** Attempts under way, oldest first, between two ends that are none. */
class Timeouts {
  readonly head: Attempt = new Attempt(null, 0);
  readonly #after: number;

  constructor(after: number) {
    this.#after = after;
    setInterval(() => this.#expire(performance.now()), TICK).unref();
  }

  arm(attempt: Attempt, now: number): void {
    const { head } = this;
    attempt.due = now + this.#after;
    attempt.next = head;
    attempt.previous = head.previous;
    head.previous = attempt.previous.next = attempt;
  }

  #expire(now: number): void {
    for (let { next } = this.head; next !== this.head && next.due <= now; next = this.head.next) {
      next.expire();
    }
  }
}

/** One try. As a node, it is its own timer. */
class Attempt {
  readonly number: number;
  due = Infinity;
  next: Attempt = this;
  previous: Attempt = this;
  #run: Run | null;
  #controller: AbortController | null = null;

  constructor(run: Run | null, number: number) {
    this.#run = run;
    this.number = number;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  succeed(value: unknown): void {
    this.#settle()?.ended(true, value);
  }

  fail(error: unknown): void {
    this.#settle()?.ended(false, error);
  }

  expire(): void {
    const run = this.#settle();
    const error = new Error('timed out');
    this.#controller?.abort(error);
    run?.ended(false, error);
  }

  /** The run that it belongs to, the first time; null from then on, so that a run hears of each attempt once. */
  #settle(): Run | null {
    const run = this.#run;
    this.#run = null;
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this.previous = this;
    return run;
  }
}

/** One call on its way. */
class Run {
  readonly #fused: Fused;
  readonly #operation: Operation;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #startedAt: number;
  #permit = 0;
  #attempts = 0;

  constructor(
    fused: Fused,
    operation: Operation,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#fused = fused;
    this.#operation = operation;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#startedAt = performance.now();
  }

  /** Waits for a slot if none is free. */
  queue(): void {
    if (this.#fused.take()) this.start();
    else this.#fused.queue.push(this);
  }

  start(): void {
    const fused = this.#fused;
    this.#permit = fused.admit(this.#startedAt);
    if (this.#permit < 0) {
      fused.release();
      this.#reject(new Error('open'));
      return;
    }
    const attempt = new Attempt(this, ++this.#attempts);
    fused.timeouts.arm(attempt, this.#startedAt);
    const operation = this.#operation;
    try {
      operation(attempt).then(
        (value) => attempt.succeed(value),
        (error: unknown) => attempt.fail(error),
      );
    } catch (error) {
      attempt.fail(error);
    }
  }

  ended(ok: boolean, outcome: unknown): void {
    const fused = this.#fused;
    const verdict = fused.judge(ok, outcome);
    const now = verdict === 'success' ? this.#startedAt : performance.now();
    fused.record(this.#permit, verdict !== 'transient', now - this.#startedAt > 2500, now);
    fused.release();
    if (verdict === 'transient' && this.#attempts < 3 && fused.spend()) this.#again(now);
    else if (ok) this.#resolve(outcome);
    else this.#reject(outcome);
  }

  #again(now: number): void {
    const wait = Math.random() * this.#fused.base * 2 ** (this.#attempts - 1);
    this.#startedAt = now;
    if (wait === 0) this.queue();
    else setTimeout(() => this.queue(), wait);
  }
}

/** The four policies' common state. */
export class Fused {
  readonly timeouts = new Timeouts(5000);
  readonly queue: Run[] = [];
  /** Milliseconds that the first backoff takes at most. */
  readonly base: number;
  /** What a success earns the retry budget. */
  readonly #ratio: number;
  readonly #failureRate: number;
  readonly #classify: Classifier;
  #free = 50;
  #tokens = 1;
  #generation = 0;
  #openUntil = 0;
  #newest = 0;
  readonly #calls = new Uint32Array(BUCKETS);
  readonly #failures = new Uint32Array(BUCKETS);
  readonly #slow = new Uint32Array(BUCKETS);

  constructor(classify: Classifier, { base = 100, ratio = 0.1, failureRate = 0.5 } = {}) {
    this.#classify = classify;
    this.base = base;
    this.#ratio = ratio;
    this.#failureRate = failureRate;
  }

  call(operation: Operation): Promise<unknown> {
    return new Promise((resolve, reject) => {
      new Run(this, operation, resolve, reject).queue();
    });
  }

  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  release(): void {
    const next = this.queue.shift();
    if (next === undefined) this.#free++;
    else next.start();
  }

  judge(ok: boolean, outcome: unknown): unknown {
    return this.#classify(ok ? { ok, value: outcome } : { ok, error: outcome });
  }

  /** A permit with the generation that it was given in; less than 0 for none. */
  admit(now: number): number {
    return this.#openUntil > now ? -1 : this.#generation * PERMITS;
  }

  record(permit: number, ok: boolean, slow: boolean, now: number): void {
    if (Math.floor(permit / PERMITS) !== this.#generation) return;
    if (ok) this.#tokens = Math.min(this.#tokens + this.#ratio, 100);
    const bucket = Math.floor(now / BUCKET);
    for (; this.#newest < bucket; this.#newest++) {
      const stale = (this.#newest + 1) % BUCKETS;
      this.#calls[stale] = this.#failures[stale] = this.#slow[stale] = 0;
    }
    const cell = bucket % BUCKETS;
    this.#calls[cell]!++;
    if (ok && !slow) return;
    if (!ok) this.#failures[cell]!++;
    if (slow) this.#slow[cell]!++;
    const calls = sum(this.#calls);
    if (calls < 20) return;
    if (sum(this.#failures) <= this.#failureRate * calls && sum(this.#slow) <= calls / 2) return;
    this.#openUntil = now + 30_000 * (0.8 + 0.4 * Math.random());
    this.#generation++;
  }

  /** Takes a token of the budget for a further attempt. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
