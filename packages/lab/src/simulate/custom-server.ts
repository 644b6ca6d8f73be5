import type { Criticality } from 'holdfast';
import { answers } from './answers.ts';
import {
  checkDelay,
  checkFunction,
  checkReturned,
  CUSTOM_ANSWERS,
  type CustomAnswer,
  type CustomServer,
  type IncomingRequest,
  shown,
  startIn,
  type Surroundings,
} from './custom.ts';
import { type Intent, Message } from './intent.ts';
import type { Replica } from './replica.ts';
import type { Request } from './request.ts';

/** What a service's replicas ask to work on a request. */
export type Work = (request: Request, replica: Replica) => void;

/**
 * A server of one's own, ready to work in a run.
 *
 * @throws TypeError when it returns no function, and later when that returns a promise.
 */
export function workOf(name: string, server: CustomServer, around: Surroundings): Work {
  const serve: (request: IncomingRequest) => unknown = server(around);
  checkFunction(serve, `what servers.${name} returns`);
  const keys = new Keys();
  const what = `the function that servers.${name} returns`;
  return (request, replica) => checkReturned(serve(new Incoming(request, replica, keys)), what);
}

/** The keys that a custom server sees: numbers, in the order in which it asks. */
class Keys {
  readonly #keys = new WeakMap<Intent, string>();
  #next = 1;

  of(intent: Intent): string {
    const known = this.#keys.get(intent);
    if (known !== undefined) return known;
    const key = String(this.#next++);
    this.#keys.set(intent, key);
    return key;
  }
}

class Incoming implements IncomingRequest {
  readonly #request: Request;
  readonly #replica: Replica;
  readonly #keys: Keys;
  #isAnswered = false;

  constructor(request: Request, replica: Replica, keys: Keys) {
    this.#request = request;
    this.#replica = replica;
    this.#keys = keys;
  }

  get from(): string {
    return this.#request.call.edge.from;
  }

  get body(): unknown {
    const { intent } = this.#request.call;
    return intent instanceof Message ? intent.body : undefined;
  }

  get key(): string | undefined {
    const { keyed, intent } = this.#request.call;
    return keyed ? this.#keys.of(intent) : undefined;
  }

  get attempt(): number {
    return this.#request.attempt.number;
  }

  get criticality(): Criticality {
    return this.#request.attempt.criticality;
  }

  get isAbandoned(): boolean {
    return this.#request.attempt.isAbandoned;
  }

  get concurrency(): number {
    return this.#replica.busy;
  }

  readonly remaining = (): number => this.#request.remaining();

  readonly work = (time: number, then: () => void): void => {
    const { service } = this.#replica;
    const { clock, conditions, now } = service;
    checkFunction(then, 'what goes on after work');
    // Checked before a fault changes it: a wrong time might become a right one.
    checkDelay(time);
    startIn(clock, conditions.serviceTime(now, time), () => (this.#isHere ? then() : undefined));
  };

  readonly answer = (verdict: CustomAnswer, value: unknown = true): void => {
    if (!CUSTOM_ANSWERS.includes(verdict)) {
      const range = `one of ${CUSTOM_ANSWERS.join(', ')}`;
      throw new TypeError(`an answer must be ${range}; got ${shown(verdict)}`);
    }
    if (this.#isAnswered || !this.#isHere) return;
    this.#isAnswered = true;
    if (verdict === 'success') {
      this.#request.value = value;
      this.#replica.succeeded(this.#request);
    } else this.#replica.finish(this.#request, answers[verdict]);
  };

  /** It has neither been lost nor gone back to its caller. */
  get #isHere(): boolean {
    return this.#request.replica === this.#replica;
  }
}
