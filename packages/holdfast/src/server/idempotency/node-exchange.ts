import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeldResponse, holdResponse, isHeld } from './held-response.ts';
import type { HttpBegun, HttpIdempotency, HttpRequest, HttpRun } from './http-idempotency.ts';
import type { Leaving } from './leaving.ts';
import { type Closing, whenClosed, whenLeft } from './when-closed.ts';

/** A request and its response, as the frameworks on node:http have them. */
export interface NodeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What the framework knows of the request. */
  readonly about: Pick<HttpRequest, 'route' | 'url' | 'body' | 'source' | 'options'>;
  /** Where its answer is counted until it has left, if the adapter closes the server. Default nowhere. */
  readonly leaving?: Leaving;
}

/** What an adapter is to do; the response of a handler that is to run is held. */
export type NodeBegun = Exclude<HttpBegun, { readonly kind: 'run' }> | HeldRun;

/** A handler that is to run for a key. */
export interface HeldRun {
  readonly kind: 'run';
  readonly run: HttpRun;
  readonly held: HeldResponse;
}

/**
 * Begins a request, and holds its response if its handler is to run for a key. One that runs already, begun further out,
 * passes.
 *
 * @throws (the promise rejects) what `about.body` throws: a mistake of the server, and not of who asks.
 */
export async function beginExchange(
  http: HttpIdempotency,
  exchange: NodeExchange,
): Promise<NodeBegun> {
  const { response } = exchange;
  if (isHeld(response)) return { kind: 'pass' };
  const begun = await beginUnheld(http, exchange);
  if (begun.kind !== 'run') return begun;
  return { ...begun, held: holdResponse(response, begun.run, http.limits.response) };
}

/**
 * Begins a request; its response is the adapter's to hold.
 *
 * @throws (the promise rejects) as `beginExchange`.
 */
export async function beginUnheld(
  http: HttpIdempotency,
  { request, response, about, leaving }: NodeExchange,
): Promise<HttpBegun> {
  const { method = '', headers } = request;
  const gone = new Gone(response);
  let mistake: unknown;
  const body = (): ReturnType<HttpRequest['body']> => {
    try {
      return about.body();
    } catch (error) {
      mistake = error;
      throw error;
    }
  };
  const begun = await http.begin({
    ...about,
    method,
    headers,
    body,
    signal: () => gone.signal,
    whenLeft: (left) => (leaving ? leaving.add(response, left) : whenLeft(response, left)),
  });
  gone.forget();
  if (mistake !== undefined) throw mistake;
  return begun;
}

/** Aborts when the client goes, until it is forgotten. Costs nothing for requests that need not wait. */
export class Gone {
  #controller: AbortController | undefined;
  readonly #response: Closing;
  readonly #abort = (): void => this.#controller!.abort();

  constructor(response: Closing) {
    this.#response = response;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      whenClosed(this.#response, this.#abort);
    }
    return this.#controller.signal;
  }

  forget(): void {
    if (this.#controller !== undefined) this.#response.off('close', this.#abort);
  }
}

/** The path of a URL, without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
