import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from '../src/simulate/probe.ts';
import type { Timeline } from '../src/simulate/timeline.ts';

/** What a process of a run is started with. */
export interface Task {
  /** The spec. */
  readonly file: string;
  readonly scenario: string;
  readonly seed: number;
  /** Whom it plays: users by name, or one replica of a service. */
  readonly name: string;
  readonly replica: number;
}

/** What all processes are told when all are ready. */
export interface Start {
  /** The run's time 0, on `sharedNow()`. */
  readonly at: number;
  /** Where the replicas of each service listen. */
  readonly origins: Readonly<Record<string, readonly string[]>>;
}

/** One thing that happened: the probe's method, and what it is given. The second of these is when. */
export type Told = {
  readonly [M in keyof Probe]: readonly [M, ...Parameters<Probe[M]>];
}[keyof Probe];

/** What a process says: that it is ready, and what it has seen when the run is over. */
export type Report =
  | { readonly type: 'ready'; readonly port: number | null }
  | ({ readonly type: 'finished' } & Seen);

/** What one process has seen of a run. */
export interface Seen {
  readonly told: readonly Told[];
  /** By how many milliseconds the event loop was late in each phase, at the 99th percentile. */
  readonly loopDelays: readonly number[];
  /** How late it sent its requests as users, likewise; empty where it plays none. */
  readonly lateness: readonly number[];
}

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 10;

/** Milliseconds on the machine's monotonic clock, which all processes share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The time of a run, in milliseconds from its start, the same in every process. */
export class RunTime {
  readonly #startsAt: number;

  constructor(startsAt: number) {
    this.#startsAt = startsAt;
  }

  now(): number {
    return sharedNow() - this.#startsAt;
  }

  /** Fulfilled at this moment, as near as a timer of whole milliseconds comes to it; at once if it is over. */
  async until(moment: number): Promise<void> {
    // The last part of a millisecond is not waited for, since timers are late by about as much.
    for (let left = moment - this.now(); left >= 1; left = moment - this.now()) {
      await sleep(Math.floor(left));
    }
  }
}

/** Makes this process a part of a run, and answers its task. It ends when whoever started it does. */
export function takePart(): Task {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches every process of the terminal; whoever started this one ends it.
  process.on('SIGINT', () => {});
  return JSON.parse(process.argv[2]!) as Task;
}

/**
 * Says that this process is ready, and waits for the start.
 *
 * @param port where it listens; null if it does not.
 */
export async function ready(port: number | null): Promise<Start> {
  const started = once(process, 'message');
  tell({ type: 'ready', port });
  const [start] = (await started) as [Start];
  return start;
}

/** Watches the event loop until the run is over: its delays, phase by phase. */
export async function watchLoop(time: RunTime, { phases }: Timeline): Promise<number[]> {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  const perPhase: number[] = [];
  for (const { from, to } of phases) {
    await time.until(from);
    delays.reset();
    await time.until(to);
    // It counts from look to look.
    perPhase.push(Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION));
  }
  return perPhase;
}

/** Says what this process has seen. */
export function finish(seen: Seen): void {
  tell({ type: 'finished', ...seen });
}

function tell(report: Report): void {
  if (process.connected) process.send!(report);
}
