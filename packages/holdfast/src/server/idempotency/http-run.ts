import type { Awaitable } from '../../idempotency/awaitable.ts';
import { faultOf } from '../../idempotency/hook-failed.ts';
import type { Completion, Execution, Keep, OwnedExecution } from '../../idempotency/idempotency.ts';
import { checkKeep, isSafeToRetry } from '../../idempotency/options.ts';
import type { AnswerHead, HandlerAnswer, HttpAnswer, HttpRun } from './http-idempotency.ts';
import { encodeAnswer, encodeUnkept, isLonger } from './kept-answer.ts';
import { problem } from './problems.ts';
import { keptHeaders } from './replayed-headers.ts';
import { turnEnd } from './turn-end.ts';

/** What runs must know of the options. */
export interface Keeping {
  readonly storeResult: (answer: AnswerHead) => Keep;
  readonly maxResponseBody: number;
  readonly persist: 'before-send' | 'after-send';
  readonly replayed: ReadonlySet<string>;
}

/** A handler that runs for a key: the first of its ends counts. */
export class Run implements HttpRun {
  readonly execution: Execution<unknown>;
  readonly #owned: OwnedExecution<unknown>;
  readonly #options: Keeping;

  constructor(execution: OwnedExecution<unknown>, options: Keeping) {
    this.execution = execution;
    this.#owned = execution;
    this.#options = options;
  }

  finish(answer: HandlerAnswer): Awaitable<HttpAnswer | null> {
    const { maxResponseBody, replayed } = this.#options;
    const { status, headers, body } = answer;
    return this.#ended(answer, () =>
      isLonger(body, maxResponseBody)
        ? encodeUnkept(answer)
        : encodeAnswer({ status, headers: keptHeaders(headers, replayed), body }),
    );
  }

  async finishUnkept(head: AnswerHead): Promise<HttpAnswer | null> {
    return this.#ended(head, () => encodeUnkept(head));
  }

  async fail(error: unknown): Promise<void> {
    try {
      await (isSafeToRetry(error) ? this.#owned.release() : this.#owned.hold());
    } catch {
      // The lease runs out, which says the same.
    }
  }

  /** Answers what to send in place of the handler's answer, or null; at once, where that need not be kept first. */
  #ended(head: AnswerHead, encode: () => string): Awaitable<HttpAnswer | null> {
    const end = this.#end(head, encode);
    const isLater =
      this.#options.persist === 'after-send' && this.execution.transaction === undefined;
    if (isLater) return null;
    return end instanceof Promise ? end : turnEnd().then(() => end);
  }

  #end(head: AnswerHead, encode: () => string): Awaitable<HttpAnswer | null> {
    try {
      const ended = this.#tell(head, encode);
      return ended instanceof Promise
        ? ended.then(insteadOf, (error: unknown) => this.#failed(error))
        : insteadOf(ended);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #tell(head: AnswerHead, encode: () => string): Awaitable<Ended> {
    let keep: Keep;
    try {
      const { status, headers } = head;
      keep = checkKeep(this.#options.storeResult({ status, headers }), 'storeResult');
    } catch (thrown) {
      return this.#owned.hold(faultOf('storeResult', thrown)).then(() => this.#unkept);
    }
    if (keep === 'store') return this.#owned.complete(encode());
    return keep === 'release' ? this.#owned.release() : this.#owned.hold();
  }

  async #failed(error: unknown): Promise<HttpAnswer | null> {
    await this.fail(error);
    return insteadOf(this.#unkept);
  }

  /** What could not be kept has happened all the same; only a transaction was rolled back. */
  get #unkept(): Ended {
    return this.execution.transaction === undefined ? undefined : { kind: 'refused' };
  }
}

type Ended = Pick<Completion, 'kind'> | void;

/** What to send in place of the handler's answer, which would be a lie where another's counts or nothing was committed. */
function insteadOf(completion: Ended): HttpAnswer | null {
  switch (completion?.kind) {
    case undefined:
    case 'kept':
    case 'later':
      return null;
    case 'lost':
      return problem('idempotency-lease-lost', { retryAfter: 0 });
    case 'refused':
      return problem('idempotency-commit-failed', { retryAfter: 0 });
  }
}
