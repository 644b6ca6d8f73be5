import type { Attempt } from '../../core/operation.ts';
import { failedElsewhere } from './elsewhere.ts';
import type { AttemptBody } from './one-shot-body.ts';

/** Whether a request can be made again, of one for which that is not plain from the beginning. */
export class Repetition {
  readonly #body: AttemptBody | null;
  readonly #url: URL | null;
  #wasSentOn = false;

  /** @param url where it goes first, if it may be redirected and must not be repeated once it was there. */
  constructor(body: AttemptBody | null, url: URL | null) {
    this.#body = body;
    this.#url = url;
  }

  /** Asked when a further attempt is due. */
  get isPossible(): boolean {
    return !this.#wasSentOn && this.#body?.replayable !== false;
  }

  /** Makes one attempt; `send` is given what it adds to `init`. */
  async attempt(
    attempt: Attempt,
    send: (body: RequestInit | undefined) => Promise<Response>,
  ): Promise<Response> {
    try {
      const body = await this.#body?.take();
      // Its time may have passed meanwhile, and the body is another attempt's.
      attempt.signal.throwIfAborted();
      const response = await send(body);
      if (this.#url !== null && response.redirected) this.#wasSentOn = true;
      return response;
    } catch (error) {
      if (this.#url !== null && failedElsewhere(error, this.#url)) this.#wasSentOn = true;
      throw error;
    }
  }
}
