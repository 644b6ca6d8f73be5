import type { Attempt } from '../../core/operation.ts';
import { failedElsewhere } from './elsewhere.ts';
import type { AttemptBody } from './one-shot-body.ts';

/** The attempts of a request that perhaps cannot be repeated: its body may be used up, or it may be redirected. */
export class Repetition {
  readonly #body: AttemptBody | null;
  readonly #url: URL | null;
  #wasSentOn = false;

  /** @param url where the request goes first, if it must not be repeated once it was redirected; else null. */
  constructor(body: AttemptBody | null, url: URL | null) {
    this.#body = body;
    this.#url = url;
  }

  /** Whether it can be made again, as far as is known by now. Asked when a further attempt is due. */
  get isPossible(): boolean {
    return !this.#wasSentOn && this.#body?.replayable !== false;
  }

  /** Makes one attempt. `send` is given what the body adds to `init`. */
  async attempt(
    attempt: Attempt,
    send: (body: RequestInit | undefined) => Promise<Response>,
  ): Promise<Response> {
    try {
      const body = await this.#body?.take();
      // Its time may have passed meanwhile: then the body is for another attempt.
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
