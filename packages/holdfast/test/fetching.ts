import { systemRuntime } from '../src/runtime/system.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { dependency } from '../src/client/dependency.ts';
import { resilientFetch, type ResilientFetchOptions } from '../src/client/fetch/index.ts';
import type { DependencyOptions } from '../src/client/options.ts';
import { serve } from './serve.ts';

/** A dependency that tries again at once. */
export function eager(options: DependencyOptions<Response> = {}, runtime: Runtime = systemRuntime) {
  const retry = { backoff: { base: 0 }, budget: false } as const;
  return dependency('shop', { retry, ...options, protocol: 'http' }, runtime);
}

/** A fetch of such a dependency. */
export const fetching = (
  options?: ResilientFetchOptions,
  about?: DependencyOptions<Response>,
  runtime?: Runtime,
): typeof fetch => resilientFetch(eager(about, runtime), options);

export const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));

/** What a request with a stream needs beside it. */
export const streamed = (method: string, body: unknown, more: object = {}): RequestInit =>
  ({ method, body, duplex: 'half', ...more }) as RequestInit;

/** A server that answers at its third request. */
export const flaky = () => serve((response, nth) => response.writeHead(nth < 3 ? 500 : 200).end());
