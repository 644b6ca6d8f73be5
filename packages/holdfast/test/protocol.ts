import { expect } from 'vitest';
import {
  type HttpAnswer,
  type HttpBegun,
  httpIdempotency,
  type HttpRequest,
  type HttpRun,
} from '../src/server/idempotency/http-idempotency.ts';
import type { HttpIdempotencyOptions } from '../src/server/idempotency/options.ts';
import { fakeIdempotency } from './fake-idempotency.ts';

/** An answer with headers that may be replayed, and with one that may not. */
export const created: HttpAnswer = {
  status: 201,
  headers: [
    ['Content-Type', 'text/plain'],
    ['Set-Cookie', 'session=secret'],
    ['X-Order', '7'],
  ],
  body: Buffer.from('done'),
};

/** The body of a payment. */
export const paying = (amount: number) => () => ({ kind: 'parsed', value: { amount } }) as const;

/** A request with a key. */
function ask(about: Partial<HttpRequest> = {}): HttpRequest {
  const headers = { 'idempotency-key': 'secret-key' };
  return {
    method: 'POST',
    route: '/pay',
    url: '/pay',
    headers,
    body: paying(5),
    source: null,
    ...about,
  };
}

/** What HTTP says of idempotency, over an engine of a few lines. */
export function setUp(options?: HttpIdempotencyOptions) {
  const engine = fakeIdempotency();
  const http = httpIdempotency(engine, options);
  const begin = (about?: Partial<HttpRequest>) => http.begin(ask(about));
  const run = async (about?: Partial<HttpRequest>) => runOf(await begin(about));
  return { engine, http, begin, run };
}

function runOf(begun: HttpBegun): HttpRun {
  if (begun.kind !== 'run') throw new Error(`it is ${begun.kind}`);
  return begun.run;
}

/** A refusal in short; it never holds what is secret. */
export function told(begun: HttpBegun | HttpAnswer | null) {
  const answer =
    begun !== null && 'kind' in begun ? (begun.kind === 'answer' ? begun.answer : null) : begun;
  if (answer === null) return begun;
  const body = Buffer.from(answer.body).toString();
  expect(body).not.toMatch(/secret/);
  const { code, type, title, detail } = JSON.parse(body) as Record<string, string>;
  expect(type).toBe(`urn:holdfast:problem:${code}`);
  expect(title).toMatch(/^[A-Z]/);
  const retryAfter = answer.headers.find(([name]) => name === 'Retry-After')?.[1];
  expect(answer.headers[0]).toEqual(['Content-Type', 'application/problem+json']);
  return {
    status: answer.status,
    code,
    ...(detail ? { detail } : {}),
    ...(retryAfter ? { retryAfter } : {}),
  };
}
