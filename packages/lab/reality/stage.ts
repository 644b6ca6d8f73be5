import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RunResult } from '../src/simulate/result.ts';
import type { Fleet } from '../src/spec/model.ts';
import { type Report, type Seen, sharedNow, type Start, type Task } from './part.ts';
import { resultOfRecording } from './recording.ts';

/** Milliseconds between "all are ready" and the start, for the message to reach all. */
const NOTICE = 300;

/** Which run to make. */
export interface StageOptions {
  /** The spec. */
  readonly file: string;
  /** What the spec says. */
  readonly fleet: Fleet;
  readonly scenario: string;
  /** The same seed, the same arrivals. */
  readonly seed: number;
}

/** A real run, and how the machine fared. */
export interface RealRun {
  readonly result: RunResult;
  /** In the order of the result's phases. */
  readonly pace: readonly Pace[];
}

/** How late the machine was in one phase: milliseconds at the 99th percentile, of the worst process. */
export interface Pace {
  readonly loopDelay: number;
  readonly lateness: number;
}

/**
 * Runs a scenario for real: a process for each replica, and one for each of the users. Fulfilled when all
 * of them are gone; rejected when one of them was before its time. They also end when this process does.
 */
export async function stage(options: StageOptions): Promise<RealRun> {
  const { file, fleet, scenario, seed } = options;
  const parts: Part[] = [];
  const launch = (program: string, name: string, replica: number): Part => {
    const part = startPart(program, { file, scenario, seed, name, replica });
    parts.push(part);
    return part;
  };

  const services = Array.from(fleet.services.values(), ({ name, replicas }) => ({
    name,
    replicas: Array.from({ length: replicas }, (_, number) => launch('replica', name, number)),
  }));
  for (const name of fleet.users.keys()) launch('users', name, 0);
  const broken = Promise.race(parts.map((part) => part.broken));
  try {
    await Promise.race([Promise.all(parts.map((part) => part.port)), broken]);
    const origins: Record<string, string[]> = {};
    for (const { name, replicas } of services) {
      const ports = await Promise.all(replicas.map(({ port }) => port));
      origins[name] = ports.map((port) => `http://127.0.0.1:${port}`);
    }
    const start: Start = { at: sharedNow() + NOTICE, origins };
    for (const { child } of parts) child.send(start);
    return runOf(
      options,
      await Promise.race([Promise.all(parts.map((part) => part.seen)), broken]),
    );
  } finally {
    for (const { child } of parts) child.kill('SIGKILL');
    await Promise.all(parts.map((part) => part.gone));
  }
}

interface Part {
  readonly child: ChildProcess;
  /** Where it listens, once it is ready. */
  readonly port: Promise<number | null>;
  readonly seen: Promise<Seen>;
  /** Rejected when it ends. */
  readonly broken: Promise<never>;
  /** Fulfilled when it has ended. */
  readonly gone: Promise<unknown>;
}

function startPart(program: string, task: Task): Part {
  const file = join(import.meta.dirname, `${program}.ts`);
  const child = fork(file, [JSON.stringify(task)], { stdio: ['ignore', 2, 2, 'ipc'] });
  const port = Promise.withResolvers<number | null>();
  const seen = Promise.withResolvers<Seen>();
  child.on('message', (report: Report) => {
    if (report.type === 'ready') port.resolve(report.port);
    else seen.resolve(report);
  });
  const gone = once(child, 'exit');
  const broken = gone.then(([code, signal]): never => {
    throw new Error(`the process of ${task.name} ended with ${code ?? signal} before the run did`);
  });
  // Once the run is over nobody asks any more.
  broken.catch(() => {});
  return { child, port: port.promise, seen: seen.promise, broken, gone };
}

function runOf({ fleet, scenario, seed }: StageOptions, seen: readonly Seen[]): RealRun {
  const told = seen.flatMap((each) => each.told);
  const result = resultOfRecording({
    fleet,
    scenario: fleet.scenarios.get(scenario)!,
    seed,
    told,
  });
  const pace = result.phases.map((_, phase) => ({
    loopDelay: Math.max(...seen.map(({ loopDelays }) => loopDelays[phase]!)),
    lateness: Math.max(...seen.map(({ lateness }) => lateness[phase] ?? 0)),
  }));
  return { result, pace };
}
