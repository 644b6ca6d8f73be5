import type { Completion, Execution, Keep, OwnedExecution } from '../../idempotency/idempotency.ts';
import { isSafeToRetry } from '../../idempotency/options.ts';
import type { AnswerHead, HttpAnswer, HttpRun } from './http-idempotency.ts';
import { encodeAnswer, encodeUnkept } from './kept-answer.ts';
import { problem } from './problems.ts';
import { keptHeaders } from './replayed-headers.ts';

/** What a run must know of the options. */
interface RunOptions {
  readonly storeResult: (answer: AnswerHead) => Keep;
  readonly maxResponseBody: number;
  readonly persist: 'before-send' | 'after-send';
  readonly replayed: ReadonlySet<string>;
}

const SENT: Promise<null> = Promise.resolve(null);

/** A handler that runs for a key: the first of its ends counts. */
export class Run implements HttpRun {
  readonly execution: Execution<unknown>;
  readonly #owned: OwnedExecution<unknown>;
  readonly #options: RunOptions;

  constructor(execution: OwnedExecution<unknown>, options: RunOptions) {
    this.execution = execution;
    this.#owned = execution;
    this.#options = options;
  }

  async finish(answer: HttpAnswer): Promise<HttpAnswer> {
    const { maxResponseBody, replayed } = this.#options;
    const { status, body, text } = answer;
    const instead = await this.#ended(answer, () =>
      body.length > maxResponseBody
        ? encodeUnkept(answer)
        : encodeAnswer({ status, headers: keptHeaders(answer.headers, replayed), body, text }),
    );
    return instead ?? answer;
  }

  finishUnkept(head: AnswerHead): Promise<HttpAnswer | null> {
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
  #ended(head: AnswerHead, encode: () => string): Promise<HttpAnswer | null> {
    const end = this.#end(head, encode);
    const isLater =
      this.#options.persist === 'after-send' && this.execution.transaction === undefined;
    return isLater ? SENT : end;
  }

  async #end(head: AnswerHead, encode: () => string): Promise<HttpAnswer | null> {
    try {
      const keep = this.#keep(head);
      if (keep === 'store') return insteadOf(await this.#owned.complete(encode()));
      await (keep === 'release' ? this.#owned.release() : this.#owned.hold());
      return null;
    } catch (error) {
      await this.fail(error);
      return null;
    }
  }

  #keep({ status, headers }: AnswerHead): Keep {
    try {
      return this.#options.storeResult({ status, headers });
    } catch {
      return 'hold';
    }
  }
}

/** Where another's answer counts, or the effect could not be committed, the handler's would be a lie. */
function insteadOf(completion: Completion): HttpAnswer | null {
  switch (completion.kind) {
    case 'kept':
    case 'later':
      return null;
    case 'lost':
      return problem('idempotency-lease-lost', { retryAfter: 0 });
    case 'refused':
      return problem('idempotency-commit-failed', { retryAfter: 0 });
  }
}
