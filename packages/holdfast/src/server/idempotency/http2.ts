/** What is asked here of the stream under a request or a response. */
export interface Http2Stream {
  /** Whether it broke off. The layer then says that the request is complete, and at its end. */
  readonly aborted: boolean;
  readonly destroyed: boolean;
  readonly endAfterHeaders: boolean;
  readonly readableEnded: boolean;
}

/**
 * HTTP/2's stream under a request or a response of Node's compatibility layer, which tells some things that the
 * layer leaves out; undefined for HTTP/1.
 */
export function http2StreamOf(message: object): Http2Stream | undefined {
  return (message as { readonly stream?: Http2Stream }).stream;
}

/** Whether a response leads nowhere any more. */
export function isDestroyed(response: { readonly destroyed: boolean }): boolean {
  return http2StreamOf(response)?.destroyed ?? response.destroyed;
}
