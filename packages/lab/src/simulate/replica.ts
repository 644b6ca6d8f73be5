import type { Dependency, Judgement, Random } from 'holdfast';
import { answers } from './answers.ts';
import { AnswerCache } from './cache.ts';
import { type Sampler, samplerOf } from './distributions.ts';
import { type KeyRecords, WAITS } from './key-records.ts';
import type { Request } from './request.ts';
import type { ServiceNode } from './service.ts';
import { RequestList, WaitLine } from './wait-line.ts';

/** The weight of the newest in the moving average of service times. */
const TIME_WEIGHT = 0.1;

/**
 * One process of a service: its workers, and who waits for one. A worker is taken from the moment
 * when work on a request begins until it is answered, so also while its calls are under way.
 */
export class Replica {
  readonly service: ServiceNode;
  /** Its clients, in the order of the service's edges. */
  readonly clients: Dependency[] = [];
  busy = 0;
  /** How many faults keep it away; only with none of them it gets requests. */
  away = 0;
  readonly #working = new RequestList();
  readonly #line: WaitLine;
  readonly #cache: AnswerCache | null;
  readonly #serviceTime: Sampler;
  readonly #failures: Random;
  readonly #errors: Random;
  readonly #times: Random;
  #workers: number;
  /** How long a success usually takes from when work on it began: a moving average; 0 before the first. */
  #usualTime = 0;
  /** What was told the service. */
  #toldWaiting = 0;
  #toldBusy = 0;

  constructor(service: ServiceNode, random: Random) {
    const { server } = service.spec;
    this.service = service;
    this.#workers = server.workers;
    this.#line = new WaitLine(server.queue.order);
    this.#cache = server.cache && new AnswerCache(server.cache, random.fork('cache'));
    this.#serviceTime = samplerOf(server.serviceTime, random.fork('service time'));
    this.#failures = random.fork('failures');
    this.#errors = random.fork('errors');
    this.#times = random.fork('times');
  }

  /** How many it has at this moment. */
  get workers(): number {
    return this.#workers;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** Takes a request in, or turns it away. */
  receive(request: Request): void {
    const { queue } = this.service.spec.server;
    if (this.busy >= this.#workers && this.#line.length >= queue.max) {
      const displaced = this.#line.lastBelow(request);
      if (displaced !== null) {
        this.#line.remove(displaced);
        this.#take(request);
      }
      this.#turnAway(displaced ?? request, answers.overload);
    } else {
      this.#take(request);
    }
  }

  /** The time of its own work on a request is over; a server of one's own begins now, and a repeat looks up its key. */
  worked(request: Request): void {
    const { keys, work } = this.service;
    if (keys !== null && keys.isRepeat(request)) this.#lookUp(request, keys);
    else if (work === null) this.succeeded(request);
    else work(request, this);
  }

  /** Its own work on a request is done, and nothing went wrong with it unless a fault says so. */
  succeeded(request: Request): void {
    const { service } = this;
    const { conditions, spec } = service;
    const fault = conditions.drawError(this.#errors);
    if (fault !== null) this.finish(request, fault);
    else if (spec.server.failures > 0 && this.#failures.next() < spec.server.failures) {
      this.finish(request, answers.transient);
    } else if (this.#isCached(request) || service.stages.length === 0) this.finish(request, null);
    else request.proceed();
  }

  /** Answers a request; `instead` is what there is in place of a value. */
  finish(request: Request, instead: Judgement | null): void {
    const { service } = this;
    if (instead === null) {
      this.#cache?.fill(request.cacheKey, service.now);
      this.#learn(service.now - request.startedAt!);
    }
    this.#release(request);
    service.served(request, instead);
    this.#pump();
    service.answer(request, instead);
  }

  /** The caller of a request has given up. */
  cancel(request: Request): void {
    const { service } = this;
    if (request.startedAt === null) {
      this.#line.remove(request);
      request.replica = null;
      service.dropped(request);
    } else {
      this.#release(request);
      service.dropped(request, service.now - request.startedAt);
    }
    this.#pump();
    // Nobody hears it, but it ends the operation, for which a bulkhead may have kept a place.
    request.answer(answers.reset);
  }

  /** Loses all that it has, its cache too, and what it has learned. */
  die(): void {
    for (let one = this.#line.take(); one !== null; one = this.#line.take()) {
      this.#turnAway(one, answers.reset);
    }
    for (let one = this.#working.head; one !== null; one = this.#working.head) {
      this.#release(one);
      this.service.keys?.lose(one);
      this.service.reject(one, answers.reset);
    }
    this.clearCache();
    this.#usualTime = 0;
    this.#tell();
  }

  clearCache(): void {
    this.#cache?.clear();
  }

  /** Those at work go on. */
  setWorkers(workers: number): void {
    this.#workers = workers;
    this.#pump();
  }

  /** How often to call: a fraction is a chance. */
  timesOf(times: number): number {
    const whole = Math.floor(times);
    return whole === times || this.#times.next() >= times - whole ? whole : whole + 1;
  }

  #take(request: Request): void {
    request.replica = this;
    if (this.service.spec.server.queue.abandoned === 'cancelled') request.heedAbort();
    // With a free worker no usual time is needed: else a server that was slow once would never try again.
    if (this.busy < this.#workers) this.#serve(request, 0);
    else this.#line.add(request);
    this.#tell();
  }

  /** Begins waiting requests while there are workers. */
  #pump(): void {
    while (this.busy < this.#workers) {
      const request = this.#line.take();
      if (request === null) break;
      this.#serve(request, this.#usualTime);
    }
    this.#tell();
  }

  /** Begins a request, unless deadlines are checked and it has no more than `needed` milliseconds left. */
  #serve(request: Request, needed: number): void {
    const { checksDeadline } = this.service.spec.server.queue;
    if (checksDeadline && request.remaining() <= needed) {
      this.#turnAway(request, answers.transient);
    } else {
      this.#begin(request);
    }
  }

  #begin(request: Request): void {
    const { clock, keys, now } = this.service;
    this.busy++;
    this.#working.append(request);
    request.startedAt = now;
    if (keys === null || keys.claim(request)) this.#work(request, now);
    // As an event of its own: a long line of repeats must not pile up on the stack.
    else clock.start(request, 0);
  }

  #work(request: Request, now: number): void {
    const { service } = this;
    // A server of one's own says itself how long it takes.
    const time =
      service.work === null ? service.conditions.serviceTime(now, this.#serviceTime(this.busy)) : 0;
    service.clock.startDrawn(request, time);
  }

  /** Answers a repeat as its key stands, unless it waits, or may do the work by now. */
  #lookUp(request: Request, keys: KeyRecords): void {
    const { service } = this;
    if (keys.claim(request)) {
      this.#work(request, service.now);
      return;
    }
    const answer = keys.answer(request);
    if (answer === WAITS) return;
    this.#release(request);
    service.recognised(request);
    this.#pump();
    service.answer(request, answer);
  }

  #learn(time: number): void {
    const usual = this.#usualTime;
    this.#usualTime = usual === 0 ? time : usual + TIME_WEIGHT * (time - usual);
  }

  /** Gives its worker back. */
  #release(request: Request): void {
    this.service.clock.stop(request);
    this.#working.remove(request);
    request.replica = null;
    this.busy--;
  }

  /** Adds what has changed here to the service's sums. */
  #tell(): void {
    const { service } = this;
    const waiting = this.#line.length - this.#toldWaiting;
    const busy = this.busy - this.#toldBusy;
    if (waiting === 0 && busy === 0) return;
    this.#toldWaiting += waiting;
    this.#toldBusy += busy;
    service.loadChanged(waiting, busy);
  }

  /** It waits no more, and will not be served. */
  #turnAway(request: Request, answer: Judgement): void {
    request.replica = null;
    this.service.reject(request, answer);
  }

  #isCached(request: Request): boolean {
    if (this.#cache === null) return false;
    const key = this.#cache.draw();
    if (this.#cache.has(key, this.service.now)) return true;
    request.cacheKey = key;
    return false;
  }
}
