import { Agent, request } from 'node:http';
import { type Attempt, type Dependency, type HttpAnswer, httpClassifier, pending } from 'holdfast';
import { allowance, fleetFrom, type SpecFleet } from 'holdfast/spec';
import { edgesOf } from '../src/spec/edges.ts';
import type { Edge, Fleet } from '../src/spec/model.ts';
import type { RunTime, Start, Told } from './part.ts';

/** What a request says of its caller's deadline: the milliseconds that are left. */
export const REMAINING = 'remaining';

/** A connection for each request, so that one which is refused was not made before. */
const agent = new Agent({ keepAlive: false });

/**
 * The dependencies of services and users, by the ids of their edges: one for each, as the simulator
 * has them, also for a second edge of the same two.
 */
export function dependenciesOf(fleet: Fleet): SpecFleet {
  const callers = Map.groupBy(edgesOf(fleet), ({ from }) => from);
  const services = Array.from(callers, ([name, edges]) => {
    const dependencies = Object.fromEntries(edges.map(({ id, options }) => [id, options]));
    return [name, { dependencies }];
  });
  return fleetFrom({ holdfast: 1, services: Object.fromEntries(services) });
}

/** What one process needs to call others. */
export interface Surroundings {
  readonly dependencies: SpecFleet;
  readonly origins: Start['origins'];
  readonly time: RunTime;
  /** Where it writes down what happens. */
  readonly told: Told[];
}

/** The client that one process has for one edge: a `dependency()` of the spec, over HTTP. */
export class Outbound {
  readonly edge: Edge;
  readonly #origins: readonly string[];
  readonly #time: RunTime;
  readonly #told: Told[];
  readonly #dependency: Dependency<HttpAnswer>;

  constructor(edge: Edge, { dependencies, origins, time, told }: Surroundings) {
    this.edge = edge;
    this.#origins = origins[edge.to]!;
    this.#time = time;
    this.#told = told;
    this.#dependency = dependencies.service(edge.from).dependency(edge.id, {
      classify: httpClassifier,
      onEvent: (event) => {
        if (event.type !== 'attempt.settled') return;
        told.push(['attemptEnded', edge.id, time.now(), event.duration, event.verdict]);
      },
    });
  }

  /**
   * One call. Fulfilled with whether there was a value.
   *
   * @param remaining milliseconds that whoever asked for it has left; Infinity without a deadline.
   */
  call(remaining: number): Promise<boolean> {
    const { id, idempotent, keyed, criticality, policy } = this.edge;
    const startedAt = this.#time.now();
    const key = keyed ? 'key' : undefined;
    const deadline =
      policy.deadline === null || remaining === Infinity
        ? undefined
        : Math.max(0, allowance(policy.deadline, remaining));
    this.#told.push(['callStarted', id, startedAt]);
    return new Promise((resolve) => {
      this.#dependency.start(
        (attempt) => this.#send(attempt),
        ({ ok: answered, verdict, attempts }) => {
          // An answer of 500 is an answer all the same.
          const ok = answered && verdict === 'success';
          const now = this.#time.now();
          this.#told.push(['callEnded', id, now, startedAt, ok, attempts]);
          resolve(ok);
        },
        { idempotent, key, criticality, deadline },
      );
    });
  }

  #send(attempt: Attempt): typeof pending {
    this.#told.push(['attemptStarted', this.edge.id, this.#time.now(), attempt.number]);
    const origin = this.#origins[Math.floor(Math.random() * this.#origins.length)]!;
    const remaining = attempt.remaining();
    const headers = remaining === Infinity ? {} : { [REMAINING]: String(remaining) };
    const fail = (error: Error): void => attempt.fail(error);
    request(origin, { agent, headers, signal: attempt.signal }, (response) => {
      const get = (name: string): string | null =>
        (response.headers[name.toLowerCase()] as string | undefined) ?? null;
      const answer = { status: response.statusCode!, headers: { get } } satisfies HttpAnswer;
      response
        .on('error', fail)
        .on('end', () => attempt.succeed(answer))
        .resume();
    })
      .on('error', fail)
      .end();
    return pending;
  }
}
