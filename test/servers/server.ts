import { freePort, type ServerProcess } from './process.ts';

/** A server of the test's own, on 127.0.0.1. */
export interface Server {
  readonly port: number;
  readonly dir: string;
  readonly url: string;
  /** By `SIGKILL`: as a crash leaves it. */
  kill(): Promise<void>;
  /** In order, without waiting for its clients. */
  stop(): Promise<void>;
  /** By `SIGSTOP`: it accepts connections, as the kernel does, and answers nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** The end of what it has printed since it was started last. */
  output(): string;
  /** Starts it again after `kill` or `stop`, once that is over, on the same port and folder. */
  restart(): Promise<void>;
}

/** How to run a server. */
export interface Running {
  readonly dir: string;
  /** Default a free one. */
  readonly port: number | undefined;
  readonly start: (port: number) => Promise<ServerProcess>;
  readonly urlOf: (port: number) => string;
  /** What ends it without waiting for its clients. Default `SIGTERM`. */
  readonly stopBy?: NodeJS.Signals;
}

/** Starts between which a free port may have been taken by another. */
const TRIES = 5;

/** Starts a server. Stop it when the test is done. */
export async function runServer({ dir, port: wanted, start, ...how }: Running): Promise<Server> {
  let port = 0;
  let server: ServerProcess | undefined;
  for (let left = TRIES; server === undefined; left--) {
    port = wanted ?? (await freePort());
    try {
      server = await start(port);
    } catch (error) {
      const isTaken = String(error).includes('Address already in use');
      if (!isTaken || left === 1 || wanted !== undefined) throw error;
    }
  }
  let current = server;
  // A client hears of the end before the process is gone, and what starts then finds the folder in use.
  let ending = Promise.resolve();
  return {
    port,
    dir,
    url: how.urlOf(port),
    kill: () => (ending = current.kill()),
    stop: () => (ending = current.stop(how.stopBy)),
    pause: () => current.pause(),
    resume: () => current.resume(),
    output: () => current.output(),
    restart: async () => {
      await ending;
      current = await start(port);
    },
  };
}
