import { type Clock, type Criticality, type Random, type Settled, TimerNode } from 'holdfast';

/**
 * What a server or a client of one's own has in place of real time and real chance. The functions
 * here and below can be taken out of their objects.
 */
export interface Surroundings {
  /** Virtual milliseconds since the run began. */
  readonly now: () => number;
  /** Nobody else draws from it: the same seed gives the same numbers, whatever others do. */
  readonly random: Random;
  /**
   * Lets something happen so many virtual milliseconds from now. 0 is as soon as all else has happened
   * that is due.
   */
  readonly after: (delay: number, then: () => void) => void;
}

/**
 * What the workers of a service do, in TypeScript, in place of its `serviceTime`. It is called once
 * a run, so that each run begins with a state of its own, and returns what is done with one request.
 * All else is as the spec says: replicas, workers, queue, faults, and the service's calls, which
 * follow an answer that is a success. What is never answered keeps its worker.
 */
export type CustomServer = (around: Surroundings) => (request: IncomingRequest) => void;

/** One attempt, as a server of one's own sees it, from the moment when a worker takes it up. */
export interface IncomingRequest {
  /** The service or the users that sent it. */
  readonly from: string;
  /** What a client of one's own gave `call`; undefined from anybody else. */
  readonly body: unknown;
  /** The idempotency key: the same whenever the same thing is asked for again. Undefined if the edge is not `keyed`. */
  readonly key: string | undefined;
  /** 1 for the first of its caller's attempts. */
  readonly attempt: number;
  readonly criticality: Criticality;
  /** Its caller has given up. */
  readonly isAbandoned: boolean;
  /**
   * For how many milliseconds its caller still waits, by this service's clock: to the attempt's timeout, or to the
   * deadline if that comes first. Infinity without either.
   */
  readonly remaining: () => number;
  /** Requests that this replica works on, this one included: for times that depend on it. */
  readonly concurrency: number;
  /**
   * Is busy with it for so many virtual milliseconds, longer while a fault slows the service down,
   * and then goes on; not if the request is lost meanwhile, by a crash or because it was cancelled.
   */
  readonly work: (time: number, then: () => void) => void;
  /** Answers it, now. Only the first answer counts. With a `success`, the value is for the caller. */
  readonly answer: (verdict: CustomAnswer, value?: unknown) => void;
}

/** What an answer may mean to its caller: `terminal` is not tried again, `transient` and `overload` may be. */
export const CUSTOM_ANSWERS = ['success', 'transient', 'overload', 'terminal'] as const;

/** `success`, `transient`, `overload` or `terminal`. */
export type CustomAnswer = (typeof CUSTOM_ANSWERS)[number];

/**
 * What users do, in TypeScript. It is called whenever one of them comes: at each arrival of a
 * `rate` or a `trace`, and once for each of so many `clients`, at some moment of the first `think`
 * time. It calls when it likes, from then on.
 */
export type CustomClient = (user: User) => void;

/** One of the users. Users of a `rate` or a `trace` share one, as behind one gateway. */
export interface User extends Surroundings {
  /**
   * Makes a call over the users' edge, by the `dependency()` that the spec states for it: with its
   * retries, its breaker, its budget. It counts as an arrival.
   *
   * @param done is told how it ended, once, as by `dependency.start`.
   * @param body for a server of one's own.
   */
  readonly call: (done: (settled: Settled) => void, body?: unknown) => void;
}

/** Servers and clients of one's own, in a run. */
export interface Custom {
  /** By the names of their services. */
  readonly servers?: Readonly<Record<string, CustomServer>> | undefined;
  /** By the names of their users. */
  readonly clients?: Readonly<Record<string, CustomClient>> | undefined;
}

/** One's own server or client, whatever it is given and returns. */
type Own = (given: never) => unknown;

/**
 * Finds one's own by its name, null where there is none.
 *
 * @throws RangeError for a name that is not known, TypeError for what is no function, or no object of functions.
 */
export function customOf<C extends Own>(
  what: keyof Custom,
  own: Readonly<Record<string, C | undefined>> = {},
  known: ReadonlyMap<string, unknown>,
): (name: string) => C | null {
  // Nothing would be found in a map, a list or a function.
  if (typeof own !== 'object' || own === null || Symbol.iterator in own) {
    throw new TypeError(`${what} must be an object of functions by name; got ${kindOf(own)}`);
  }
  for (const [name, one] of Object.entries(own)) {
    if (!known.has(name)) {
      const names = [...known.keys()].join(', ');
      throw new RangeError(`${what}: the spec has no '${name}'; it has ${names}`);
    }
    if (one !== undefined) checkFunction(one, `${what}.${name}`);
  }
  return (name) => (Object.hasOwn(own, name) ? (own[name] ?? null) : null);
}

/** @throws TypeError for what is no function. */
export function checkFunction(given: unknown, what: string): void {
  if (typeof given === 'function') return;
  throw new TypeError(`${what} must be a function; got ${kindOf(given)}`);
}

function kindOf(given: unknown): string {
  if (given === null) return 'null';
  return typeof given === 'object' && Symbol.iterator in given ? 'a list or a map' : typeof given;
}

/** What was given, for a message. */
export function shown(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given);
  return typeof given === 'object' ? kindOf(given) : String(given);
}

/**
 * Refuses a promise and a generator. A run is over before anything that is awaited comes, and goes through no
 * generator: what a function does from its first `await` or `yield` on would be missing, and nothing would say so.
 *
 * @throws TypeError for either.
 */
export function checkReturned(returned: unknown, what: string): void {
  if (returned instanceof Promise) {
    // What it throws may be a consequence of that.
    returned.catch(() => {});
    throw new TypeError(`${what} must not return a promise: no run waits for one; ${INSTEAD}`);
  }
  if (isGenerator(returned)) {
    throw new TypeError(`${what} must not be a generator: no run goes through one; ${INSTEAD}`);
  }
}

const INSTEAD = 'go on in what `call`, `work` or `after` are given';

function isGenerator(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || !('next' in given)) return false;
  return Symbol.iterator in given || Symbol.asyncIterator in given;
}

/** The surroundings, on the clock of a world. */
export function surroundingsOf(clock: Clock, random: Random): Surroundings {
  return {
    now: () => clock.now(),
    random,
    after: (delay, then) => startIn(clock, delay, then),
  };
}

/** @throws RangeError when the delay is negative or not a number, TypeError for what cannot be called then. */
export function startIn(clock: Clock, delay: number, then: () => void): void {
  checkFunction(then, 'what happens after a delay');
  checkDelay(delay);
  clock.start(new Later(then), delay);
}

/** @throws RangeError when it is negative or not a number. */
export function checkDelay(delay: number): void {
  if (typeof delay === 'number' && delay >= 0) return;
  throw new RangeError(`a delay must be 0 ms or more; got ${shown(delay)}`);
}

class Later extends TimerNode {
  readonly #then: () => unknown;

  constructor(then: () => unknown) {
    super();
    this.#then = then;
  }

  expire(): void {
    checkReturned(this.#then(), 'what happens after a delay');
  }
}
