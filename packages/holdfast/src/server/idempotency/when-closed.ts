import type { ServerResponse } from 'node:http';
import { isDestroyed } from './http2.ts';

/** What closes when all of an answer has left, or its client has gone. */
export interface Closing {
  readonly destroyed: boolean;
  once(event: 'close' | 'finish', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** Calls back, once; at once, if it has closed before. */
export function whenClosed(response: Closing, then: () => void): void {
  if (isDestroyed(response)) then();
  else response.once('close', then);
}

/**
 * Calls back, once or twice, when all of an answer has left, or its client has gone. The responses that some
 * adapters of functions make (serverless-express) finish and never close.
 */
export function whenLeft(response: Closing, then: () => void): void {
  response.once('finish', then);
  whenClosed(response, then);
}

/**
 * Whether Node destroys a response because its client has gone. It does so with those alone that wait for others on their
 * connection (pipelining), and have no socket yet.
 */
export function isAbortedInQueue({ req, socket }: ServerResponse, error: unknown): boolean {
  const isReset = (error as { readonly code?: unknown } | undefined)?.code === 'ECONNRESET';
  return isReset && socket === null && req.socket.destroyed;
}
