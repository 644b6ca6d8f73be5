import type { AsyncResource } from 'node:async_hooks';
import type { Clock, TimerNode, TimerOwner } from './clock.ts';
import type { Random } from './random.ts';
import type { ContextKeeper, ContextVariable, Runtime } from './runtime.ts';
import { Standstills } from './standstills.ts';
import { TimerLists } from './timer-lists.ts';

/** Kept here, since the global `performance` is a getter, which would double the price of a reading. */
const monotonic: { now(): number } = performance;
/** Kept as they are at import: a tick on a test's fake timer would never come once the real timers are back. */
const { clearTimeout, setImmediate, setTimeout } = globalThis;

/** While timers are armed, `recent()` is refreshed at least this often, in milliseconds. */
const TICK = 100;
/** From how much on a tick is late because the process stood still, in milliseconds. */
const STANDSTILL = 50;
/** How many timers may expire in one turn of the event loop before other work gets its turn. */
const EXPIRIES_PER_TURN = 100;

/**
 * The machine's own clock. One Node timer serves every call; it holds the process open exactly
 * while a node is armed by `start`, and an idle clock has no timer at all.
 */
class SystemClock implements Clock, TimerOwner {
  readonly #lists = new TimerLists();
  /** The nodes that do not hold the process. */
  readonly #unref = new TimerLists();
  readonly #standstills = new Standstills();
  /** Nodes for the next turn; a disarmed one has lost its owner. */
  #soon: TimerNode[] = [];
  #recent = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerDue = Infinity;
  /** Whether the Node timer keeps the process alive. */
  #holding = false;
  #turnRequested = false;
  /**
   * For how long the process has stood still, if what came for it meanwhile is being read before anything expires;
   * else 0.
   */
  #catchingUpOn = 0;

  now(): number {
    return (this.#recent = monotonic.now());
  }

  recent(): number {
    return this.#recent;
  }

  wallTime(): number {
    return Date.now();
  }

  stoodStill(since: number): number {
    // A tick that is overdue has not told of it yet.
    const now = this.now();
    const overdue = this.#timerDue + STANDSTILL < now ? now - Math.max(this.#timerDue, since) : 0;
    return this.#standstills.since(since) + Math.max(0, overdue);
  }

  start(node: TimerNode, delay: number): void {
    // Also for NaN, which would otherwise never expire.
    if (!(delay > 0)) {
      node.timerOwner = this;
      this.#soon.push(node);
      this.#requestTurn();
      return;
    }
    const due = this.#lists.add(node, delay, this.#recent);
    if (due < this.#timerDue && this.#catchingUpOn === 0) this.#schedule(due);
    if (!this.#holding) {
      this.#holding = true;
      this.#timer?.ref?.();
    }
  }

  startUnref(node: TimerNode, delay: number): void {
    const due = this.#unref.add(node, delay > 0 ? delay : 1, this.#recent);
    if (due < this.#timerDue && this.#catchingUpOn === 0) this.#schedule(due);
  }

  stop(node: TimerNode): void {
    if (node.timerOwner === null) return;
    node.timerOwner.remove(node);
    // Letting go of the process costs two calls into libuv, so it waits for the turn's end: the
    // next call of this turn may want it held again.
    if (this.#holding && this.#lists.armed === 0) this.#requestTurn();
  }

  remove(node: TimerNode): void {
    node.timerOwner = null;
  }

  #requestTurn(): void {
    if (this.#turnRequested) return;
    this.#turnRequested = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnRequested = false;
    const soon = this.#soon;
    this.#soon = [];
    let next = 0;
    try {
      this.now();
      while (next < soon.length) {
        const node = soon[next++]!;
        if (node.timerOwner !== this) continue;
        node.timerOwner = null;
        node.expire();
      }
    } finally {
      // Something is left of this turn's nodes only after one has thrown.
      if (next < soon.length) this.#soon = soon.slice(next).concat(this.#soon);
      if (this.#soon.length > 0) this.#requestTurn();
      if (this.#lists.armed === 0 && this.#holding) {
        this.#holding = false;
        this.#timer?.unref?.();
      }
    }
  };

  #schedule(due: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delay = Math.min(due - this.#recent, TICK);
    this.#timerDue = this.#recent + delay;
    this.#timer = setTimeout(this.#tick, Math.ceil(delay));
    if (!this.#holding) this.#timer.unref?.();
  }

  readonly #tick = (): void => {
    const due = this.#timerDue;
    const late = this.now() - due;
    if (late <= STANDSTILL) {
      this.#expire();
      return;
    }
    // Node's timers come before the answers that lie in the sockets by now, and those are no timeouts.
    this.#standstills.note(due, due + late);
    // Again only after a far longer one: a process that stands still at every turn must not keep anything from expiring.
    if (late > 2 * this.#catchingUpOn) this.#schedule(this.#recent + late);
    else this.#expireNextTurn();
    this.#catchingUpOn = late;
  };

  readonly #expire = (): void => {
    this.#timer = null;
    this.#timerDue = Infinity;
    this.#catchingUpOn = 0;
    const now = this.now();
    let left = EXPIRIES_PER_TURN;
    try {
      while (left > 0) {
        const node = this.#lists.takeDue(now) ?? this.#unref.takeDue(now);
        if (node === null) break;
        left--;
        node.expire();
      }
    } finally {
      const due = Math.min(this.#lists.nextDue(), this.#unref.nextDue());
      if (due < Infinity && due < this.#timerDue) {
        if (due <= this.#recent) this.#expireNextTurn();
        else this.#schedule(due);
      }
      if (this.#holding && this.#lists.armed === 0) this.#requestTurn();
    }
  };

  /** Once the sockets have been read. The immediate holds the process meanwhile. */
  #expireNextTurn(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerDue = this.#recent;
    setImmediate(this.#expire);
  }
}

const systemRandom: Random = {
  next: () => Math.random(),
  fork: () => systemRandom,
};

const RESOURCE_OPTIONS = { requireManualDestroy: true };

type AsyncResourceClass = new (
  type: string,
  options: { requireManualDestroy: boolean },
) => AsyncResource;

/** By AsyncResource, whose capture costs 42 ns; that of AsyncLocalStorage.snapshot() costs microseconds. */
class AsyncContextKeeper implements ContextKeeper {
  #resourceClass: AsyncResourceClass | null | undefined;

  capture(): AsyncResource | null {
    if (this.#resourceClass === undefined)
      this.#resourceClass = asyncHooks()?.AsyncResource ?? null;
    if (this.#resourceClass === null) return null;
    return new this.#resourceClass('HOLDFAST_CALL', RESOURCE_OPTIONS);
  }

  run<A>(captured: unknown, work: (argument: A) => void, argument: A): void {
    if (captured === null) work(argument);
    else (captured as AsyncResource).runInAsyncScope(work, undefined, argument);
  }

  variable<T>(): ContextVariable<T> {
    const Storage = asyncHooks()?.AsyncLocalStorage;
    if (Storage === undefined) return { get: () => undefined, run: (_value, work) => work() };
    const storage = new Storage<T>();
    return {
      get: () => storage.getStore(),
      run: (value, work) => storage.run(value, work),
    };
  }
}

/** Looked up by name at the first use, not imported: bundles must load on runtimes without async_hooks as well. */
function asyncHooks() {
  return globalThis.process?.getBuiltinModule?.('node:async_hooks');
}

/** The runtime of production: real time, real randomness, AsyncLocalStorage. */
export const systemRuntime: Runtime = {
  clock: new SystemClock(),
  random: systemRandom,
  context: new AsyncContextKeeper(),
  dependency: '',
  diagnostics: globalThis.process?.env?.['NODE_ENV'] !== 'production',
  sink: null,
  warn: (warning) => globalThis.process?.emitWarning?.(warning, 'HoldfastWarning'),
};
