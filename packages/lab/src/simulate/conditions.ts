import type { Judgement, Random } from 'holdfast';
import type { Request } from './request.ts';

/** What stands between a request, or its answer, and where it should go. */
export type Obstacle = 'refuse' | 'reset' | 'hang';

/** A share of the answers that are errors. */
interface ErrorShare {
  readonly rate: number;
  readonly answer: Judgement;
}

/** How long serving takes at this moment, of how long it would take without the fault. */
export type Slowdown = (now: number, time: number) => number;

/** What faults do to one service at this moment. Each adds itself when it begins, and takes itself away. */
export class Conditions {
  /** Of several, the one that came last counts. */
  readonly outages: { readonly how: Obstacle }[] = [];
  /** On the other side of each partition. */
  readonly cutOff: (readonly string[])[] = [];
  readonly slowdowns: Slowdown[] = [];
  readonly errors: ErrorShare[] = [];
  readonly capacities: number[] = [];
  /** How many faults hold what is sent to it. */
  holds = 0;
  readonly held: Request[] = [];
  /** By how many milliseconds its clocks are ahead. */
  skew = 0;

  /** What stands between this caller and the service; null if nothing does. */
  obstacle(caller: string): Obstacle | null {
    if (this.cutOff.length > 0 && this.cutOff.some((others) => others.includes(caller))) {
      return 'hang';
    }
    return this.outages.at(-1)?.how ?? null;
  }

  // Most requests meet no fault, so what a fault does to one lies in functions of its own: the
  // compiler joins functions only while they are small.

  serviceTime(now: number, drawn: number): number {
    return this.slowdowns.length === 0 ? drawn : this.#slowed(now, drawn);
  }

  /** The error that a request is answered because of a fault; null if it is served. */
  drawError(random: Random): Judgement | null {
    return this.errors.length === 0 ? null : this.#failed(random);
  }

  /** The share of its workers that it has. */
  get capacity(): number {
    return this.capacities.reduce((product, share) => product * share, 1);
  }

  #slowed(now: number, drawn: number): number {
    let time = drawn;
    for (const slow of this.slowdowns) time = slow(now, time);
    return time;
  }

  #failed(random: Random): Judgement | null {
    for (const { rate, answer } of this.errors) if (random.next() < rate) return answer;
    return null;
  }
}

/** Takes one away; another that is alike stays. */
export function takeOut<T>(from: T[], one: T): void {
  from.splice(from.indexOf(one), 1);
}
