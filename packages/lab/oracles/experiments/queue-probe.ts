import { quantileOf } from '../stats.ts';
import type { Sample } from './law.ts';
import { DeafProbe } from './worlds.ts';

/** The share of a run that is seen, and not measured: the queue begins empty. */
const WARM_UP = 0.02;

/** Measures one service that its users call without any policy. Times are milliseconds. */
export class QueueProbe extends DeafProbe {
  readonly #workers: number;
  readonly #from: number;
  /** How long a millisecond of the world is on the probe's clock: 1, unless that is wrong on purpose. */
  readonly #pace: number;
  /** The same of the clock by which it measures queue and workers. */
  readonly #loadPace: number;
  #arrived = 0;
  #delayed = 0;
  #lost = 0;
  #worked = 0;
  #lastWorked = 0;
  readonly #sojourns: number[] = [];
  readonly #waits: number[] = [];
  #waiting = 0;
  #busy = 0;
  #since: number;
  #waitingArea = 0;
  #busyArea = 0;

  constructor(workers: number, duration: number, pace: number, loadPace: number) {
    super();
    this.#workers = workers;
    this.#pace = pace;
    this.#loadPace = loadPace;
    this.#from = duration * WARM_UP * pace;
    this.#since = duration * WARM_UP * loadPace;
  }

  override requestArrived(_service: string, at: number): void {
    if (at * this.#pace < this.#from) return;
    this.#arrived++;
    if (this.#busy >= this.#workers) this.#delayed++;
  }

  override requestRejected(_service: string, at: number): void {
    if (at * this.#pace >= this.#from) this.#lost++;
  }

  override requestServed(_service: string, _at: number, worked: number): void {
    this.#lastWorked = worked * this.#pace;
  }

  /** Comes straight after `requestServed` of the same request: no network is between them. */
  override userAnswered(_users: string, at: number, arrivedAt: number, good: boolean): void {
    if (!good || at * this.#pace < this.#from) return;
    const sojourn = (at - arrivedAt) * this.#pace;
    this.#sojourns.push(sojourn);
    this.#waits.push(sojourn - this.#lastWorked);
    this.#worked += this.#lastWorked;
  }

  override loadChanged(_service: string, at: number, waiting: number, busy: number): void {
    this.#advance(at * this.#loadPace);
    this.#waiting = waiting;
    this.#busy = busy;
  }

  /** @param end of the run, on the world's clock. */
  sample(end: number): Sample {
    const time = end * this.#pace - this.#from;
    this.#advance(end * this.#loadPace);
    const served = this.#sojourns.length;
    const sojourn = this.#sojourns.reduce((sum, value) => sum + value, 0) / served;
    const sojourns = Float64Array.from(this.#sojourns).toSorted();
    const waits = Float64Array.from(this.#waits).toSorted();
    const inSystem = (this.#waitingArea + this.#busyArea) / time;
    return {
      'arrivals per second': (this.#arrived / time) * 1000,
      'mean service': this.#worked / served,
      'mean wait': sojourn - this.#worked / served,
      'mean time in system': sojourn,
      'share that waits': this.#delayed / this.#arrived,
      'share lost': this.#lost / this.#arrived,
      'mean queue': this.#waitingArea / time,
      'mean in system': inSystem,
      utilisation: this.#busyArea / time / this.#workers,
      'p50 of time in system': quantileOf(sojourns, 0.5),
      'p95 of time in system': quantileOf(sojourns, 0.95),
      'p99 of time in system': quantileOf(sojourns, 0.99),
      'p95 of wait': quantileOf(waits, 0.95),
      little: inSystem / ((served / time) * sojourn) - 1,
    };
  }

  #advance(now: number): void {
    if (now > this.#since) {
      this.#waitingArea += this.#waiting * (now - this.#since);
      this.#busyArea += this.#busy * (now - this.#since);
      this.#since = now;
    }
  }
}
