import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaneRecord, Recording } from './measure.ts';
import { arrivalsOf, LANES, type LaneName, type Plan } from './plan.ts';
import { type KeysPlace, type Report, sharedNow } from './process.ts';

/** Milliseconds between "all are ready" and the start, for the message to reach all. */
const NOTICE = 500;

/** A run under way. */
export interface Run {
  readonly recording: Recording;
  /** Milliseconds since the start; negative before. */
  readonly elapsed: () => number;
  /** Fulfilled when all has been measured; rejected when a process died. */
  readonly finished: Promise<void>;
  /** Ends all processes at once. */
  readonly stop: () => void;
}

/** How a run is made. */
export interface RunOptions {
  /** Where the providers remember keys, as `--store` says it; default a temporary SQLite file. */
  readonly store?: string | undefined;
  /** Which lane's way of calling each shop has; to test the judge, a shop can be given the wrong one. */
  readonly ways?: Readonly<Record<LaneName, LaneName>>;
}

/** Starts a provider and a shop for each lane, and the shoppers of both: five processes. */
export function start(plan: Plan, { store, ways = AS_NAMED }: RunOptions = {}): Run {
  const recording = blankRecording(plan);
  const parts: ChildProcess[] = [];
  const keys = store === undefined ? temporaryKeys() : { place: store, folder: null };
  const stop = (): void => {
    parts.forEach((part) => part.kill('SIGKILL'));
    if (keys.folder !== null) rmSync(keys.folder, { recursive: true, force: true });
  };
  let startedAt = Infinity;

  const conduct = async (): Promise<void> => {
    const { promise: broken, reject } = Promise.withResolvers<never>();
    const launch = (name: string, task: object, lane?: LaneName): Part => {
      const part = startPart(name, task, (report) => record(recording, report, name, lane), reject);
      parts.push(part.child);
      return part;
    };
    const openLane = async (lane: LaneName): Promise<[LaneName, string]> => {
      const provider = await launch(`provider-${lane}`, { plan, keys }, lane).origin;
      const shop = launch(`shop-${lane}`, { plan, lane: ways[lane], provider }, lane);
      return [lane, await shop.origin];
    };
    const perform = async (): Promise<void> => {
      const shops = Object.fromEntries(await Promise.all(LANES.map(openLane)));
      const shoppers = launch('load', { plan, shops });
      await shoppers.origin;
      startedAt = sharedNow() + NOTICE;
      for (const part of parts) part.send({ type: 'start', at: startedAt });
      await shoppers.finished;
    };
    await Promise.race([perform(), broken]).finally(stop);
  };
  return { recording, elapsed: () => sharedNow() - startedAt, finished: conduct(), stop };
}

const AS_NAMED = { naive: 'naive', holdfast: 'holdfast' } as const;

/** A file for this run alone. */
function temporaryKeys(): KeysPlace {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
  return { place: `sqlite:${join(folder, 'keys.db')}`, folder };
}

interface Part {
  readonly child: ChildProcess;
  /** Where it listens, once it does. */
  readonly origin: Promise<string>;
  readonly finished: Promise<void>;
}

/** Starts `provider-naive` from `provider.ts`, and so on. */
function startPart(
  name: string,
  task: object,
  onReport: (report: Report) => void,
  onDeath: (error: Error) => void,
): Part {
  const file = join(import.meta.dirname, `${name.split('-')[0]}.ts`);
  const child = fork(file, [JSON.stringify(task)], { stdio: ['ignore', 2, 2, 'ipc'] });
  const origin = Promise.withResolvers<string>();
  const finished = Promise.withResolvers<void>();
  child.on('message', (report: Report) => {
    if (report.type === 'ready') origin.resolve(`http://127.0.0.1:${report.port}`);
    else if (report.type === 'finished') finished.resolve();
    onReport(report);
  });
  child.on('error', onDeath);
  child.on('exit', (code, signal) => {
    onDeath(new Error(`the process ${name} ended with ${code ?? signal} before the run did`));
  });
  return { child, origin: origin.promise, finished: finished.promise };
}

function record(recording: Recording, report: Report, name: string, lane?: LaneName): void {
  switch (report.type) {
    case 'samples':
      recording.lanes[report.lane].samples.push(...report.samples);
      break;
    case 'finished':
      recording.lateness = report.lateness;
      break;
    case 'pulse':
      recording.stalls[name] = report.stall;
      break;
    case 'provider':
    case 'shop': {
      const { type: _, ...news } = report;
      Object.assign(recording.lanes[lane!], news);
    }
  }
}

function blankRecording(plan: Plan): Recording {
  const blank = (): LaneRecord => ({
    samples: [],
    attempts: plan.phases.map(() => 0),
    caught: 0,
    doubled: 0,
    inFlight: 0,
    breaker: 'none',
  });
  const lanes = { naive: blank(), holdfast: blank() };
  return { plan, arrivals: arrivalsOf(plan), lanes, lateness: NaN, stalls: {} };
}
