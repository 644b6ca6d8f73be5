import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Random } from 'holdfast';
import { Conditions, takeOut } from '../src/simulate/conditions.ts';
import { type Sampler, samplerOf } from '../src/simulate/distributions.ts';
import type { Fault, Service } from '../src/spec/model.ts';
import { type Outbound, REMAINING } from './outbound.ts';
import type { RunTime } from './part.ts';

/** What is served, and who serves it. */
export interface ServerOptions {
  readonly service: Service;
  /** Its number among the service's replicas. */
  readonly replica: number;
  readonly time: Pick<RunTime, 'now' | 'until'>;
  readonly random: Random;
  /** Its clients, as the service's stages have their edges. */
  readonly stages: readonly (readonly Outbound[])[];
}

/** A request that waits or is worked on. */
interface Job {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When its caller's deadline passes, in the run's time. */
  readonly deadline: number;
}

/** What is answered instead of a value, as `answers` of the simulator has them. */
const FAILED = { status: 500, headers: {} };
const OVERLOADED = { status: 503, headers: { 'Holdfast-Pushback': 'retry' } };
const VALUE = { status: 200, headers: {} };

type Answer = typeof FAILED;

/** Weight of the newest service time in their moving average, as in the simulator. */
const TIME_WEIGHT = 0.1;

/**
 * A replica as the spec has it: workers that are taken until the answer, and a line before them.
 * Work is a timer of as long as the spec's distribution says. What a caller has given up is worked on all the same.
 */
export class Server {
  readonly #options: ServerOptions;
  readonly #conditions = new Conditions();
  readonly #serviceTime: Sampler;
  readonly #line: Job[] = [];
  #busy = 0;
  /** How long a success usually takes from when work on it began; 0 before the first. */
  #usualTime = 0;

  constructor(options: ServerOptions) {
    const { service, random } = options;
    this.#options = options;
    this.#serviceTime = samplerOf(service.server.serviceTime, random.fork('service time'));
  }

  /** Takes a request in, or turns it away. */
  receive(request: IncomingMessage, response: ServerResponse): void {
    const { service, time } = this.#options;
    const remaining = Number(request.headers[REMAINING] ?? Infinity);
    const job = { request, response, deadline: time.now() + remaining };
    if (this.#obstacle !== null) this.#obstruct(job);
    else if (this.#busy < this.#workers) this.#serve(job, 0);
    else if (this.#line.length < service.server.queue.max) this.#line.push(job);
    else this.#answer(job, OVERLOADED);
  }

  /** Begins a fault, and returns what ends it. */
  begin(fault: Fault): () => void {
    const conditions = this.#conditions;
    switch (fault.kind) {
      case 'latency': {
        const more = fault.plus && samplerOf(fault.plus, this.#options.random.fork('latency'));
        return this.#add(
          conditions.slowdowns,
          (_, drawn) => drawn * fault.times + (more?.(1) ?? 0),
        );
      }
      case 'outage':
        return this.#add(conditions.outages, { how: fault.how });
      case 'capacity':
        return this.#add(conditions.capacities, fault.share);
      default:
        throw new Error(`a fault of the kind '${fault.kind}' cannot be staged`);
    }
  }

  get #obstacle() {
    return this.#conditions.obstacle('');
  }

  /** Its share of the workers that the faults leave the service. */
  get #workers(): number {
    const { service, replica } = this.#options;
    const each = service.server.workers * this.#conditions.capacity;
    return Math.round((replica + 1) * each) - Math.round(replica * each);
  }

  #add<T>(to: T[], one: T): () => void {
    to.push(one);
    return () => {
      takeOut(to, one);
      this.#pump();
    };
  }

  #pump(): void {
    while (this.#busy < this.#workers && this.#line.length > 0) {
      this.#serve(this.#line.shift()!, this.#usualTime);
    }
  }

  /** Begins, unless deadlines are checked and there is no more than this left. */
  #serve(job: Job, needed: number): void {
    const { service, time } = this.#options;
    if (service.server.queue.checksDeadline && job.deadline - time.now() <= needed) {
      this.#answer(job, FAILED);
    } else {
      void this.#work(job);
    }
  }

  async #work(job: Job): Promise<void> {
    const { time } = this.#options;
    const now = time.now();
    this.#busy++;
    await time.until(now + this.#conditions.serviceTime(now, this.#serviceTime(this.#busy)));
    const answer = (await this.#makeCalls(job)) ? VALUE : FAILED;
    if (answer === VALUE) this.#learn(time.now() - now);
    this.#busy--;
    this.#pump();
    this.#answer(job, answer);
  }

  #learn(time: number): void {
    const usual = this.#usualTime;
    this.#usualTime = usual === 0 ? time : usual + TIME_WEIGHT * (time - usual);
  }

  /** One stage after another, the calls of one at once; false as soon as one has failed that must not. */
  async #makeCalls({ deadline }: Job): Promise<boolean> {
    const { stages, time } = this.#options;
    const call = async (outbound: Outbound): Promise<void> => {
      const ok = await outbound.call(deadline - time.now());
      if (!ok && !outbound.edge.optional) throw new Error(`${outbound.edge.to} has failed`);
    };
    try {
      for (const stage of stages) {
        await Promise.all(
          stage.flatMap((one) => Array.from({ length: one.edge.times }, () => call(one))),
        );
      }
      return true;
    } catch {
      return false;
    }
  }

  #answer(job: Job, { status, headers }: Answer): void {
    // Who refuses connections still answers those that it has.
    if (this.#obstacle === null || this.#obstacle === 'refuse') {
      job.response.writeHead(status, headers).end();
    } else {
      this.#obstruct(job);
    }
  }

  /** An outage: nothing comes any more, or the connection breaks. */
  #obstruct({ request }: Job): void {
    if (this.#obstacle !== 'hang') request.socket.resetAndDestroy();
  }
}
