import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../../test/servers/process.ts';
import type { Place } from './places/place.ts';
import type { Answered, Ask, EngineSetup, FromWorker, Request, Setup } from './protocol.ts';

const PROGRAM = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Code that the first workers have compiled for the others: hundreds are started, and most live for a moment. */
const COMPILED = temporaryFolder();

/** A process of the fleet, as its parent sees it. */
export class Worker {
  readonly #child: ChildProcess;
  /** Once the process has ended: false, as it is not ready and never will be. */
  readonly #gone: Promise<boolean>;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: Answered | null) => void; reject: (error: Error) => void }
  >();
  #asked = 0;
  #atBoundary = (): void => {};

  /** Resolves once it is connected to its store. */
  static async start({ client, where, link }: Place, engine: EngineSetup): Promise<Worker> {
    const setup: Setup = { client, where, link, ...engine };
    const child = fork(PROGRAM, [JSON.stringify(setup)], {
      execArgv: ['--no-warnings'],
      env: { ...process.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: COMPILED },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker = new Worker(child);
    const isReady = once(child, 'message').then(() => true);
    if (await Promise.race([isReady, worker.#gone])) return worker;
    throw new Error('a worker ended before it was connected');
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#gone = once(child, 'exit').then(() => this.#rejectAll('the worker ended'));
    child.on('message', (message: FromWorker) => this.#heard(message));
  }

  /** Rejects if it is killed meanwhile. */
  async ask(ask: Omit<Ask, 'do'>): Promise<Answered> {
    return (await this.request({ do: 'ask', ...ask })) as Answered;
  }

  request(request: Request): Promise<Answered | null> {
    const id = this.#asked++;
    const { promise, resolve, reject } = Promise.withResolvers<Answered | null>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.send({ id, request });
    return promise;
  }

  /**
   * Has it ask for a key, and kills it by SIGKILL at the boundary, or once it is answered without coming there. Answers
   * whether it was at the boundary.
   */
  async killDuring(ask: Omit<Ask, 'do'>): Promise<boolean> {
    const reached = new Promise<boolean>((resolve) => (this.#atBoundary = () => resolve(true)));
    const isThere = await Promise.race([reached, this.ask(ask).then(() => false)]);
    await this.kill();
    return isThere;
  }

  /** By SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  #rejectAll(why: string): boolean {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
    return false;
  }

  #heard(message: FromWorker): void {
    if (message.kind === 'at-boundary') this.#atBoundary();
    if (message.kind !== 'answer' && message.kind !== 'failed') return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else waiting?.reject(new Error(`a worker failed: ${message.message}`));
  }
}
