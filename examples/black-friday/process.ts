import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LaneName, Plan } from './plan.ts';

/** Where the provider remembers keys. */
export interface KeysPlace {
  /** As `--store` says it. */
  readonly place: string;
  /** A folder that goes with the demo; null for a place of the user's. */
  readonly folder: string | null;
}

/** What the provider of a lane is told as it is started. */
export interface ProviderTask {
  readonly plan: Plan;
  readonly keys: KeysPlace;
}
/** What the shop of a lane is told as it is started. */
export interface ShopTask {
  readonly plan: Plan;
  readonly lane: LaneName;
  /** The provider's origin. */
  readonly provider: string;
}
/** What the load generator is told as it is started. */
export interface LoadTask {
  readonly plan: Plan;
  /** The shops' origins. */
  readonly shops: Readonly<Record<LaneName, string>>;
}

/** How one checkout went: scheduled when, answered how much later, and paid or not. */
export type Sample = readonly [scheduled: number, latency: number, paid: boolean];

/** What the conductor says to all parts: the plan's time 0, on `sharedNow()`. */
export interface Start {
  readonly type: 'start';
  readonly at: number;
}

/** What the parts say. Counts are totals so far; those of attempts are by phase. */
export type Report =
  | { readonly type: 'ready'; readonly port: number }
  | {
      readonly type: 'provider';
      readonly attempts: number[];
      readonly caught: number;
      readonly doubled: number;
    }
  | { readonly type: 'shop'; readonly inFlight: number; readonly breaker: string }
  | { readonly type: 'samples'; readonly lane: LaneName; readonly samples: Sample[] }
  | { readonly type: 'finished'; readonly lateness: number }
  | { readonly type: 'pulse'; readonly stall: number };

/** Milliseconds on the machine's monotonic clock, which all processes share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How often a part reports, in milliseconds. */
const REPORT_EVERY = 100;

/** Makes this process a part of the demo; answers its task. It ends when the conductor does. */
export function takePart<Task>(onStart: (at: number) => void): Task {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches every process of the terminal; the conductor is the one that ends them.
  process.on('SIGINT', () => {});
  process.on('message', ({ at }: Start) => {
    onStart(at);
    const delays = monitorEventLoopDelay({ resolution: 10 });
    delays.enable();
    every(() => ({ type: 'pulse', stall: delays.max / 1e6 }));
  });
  return JSON.parse(process.argv[2]!) as Task;
}

export function tell(report: Report): void {
  if (process.connected) process.send!(report);
}

/** Reports at once, and again and again. */
export function every(report: () => Report): void {
  tell(report());
  setInterval(() => tell(report()), REPORT_EVERY).unref();
}
