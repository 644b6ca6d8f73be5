import type { HttpAnswer } from './http.ts';
import { judgeNetworkError } from './network-errors.ts';

/** As much as is looked at of an error, and of the answer that it has; clients differ in all of it. */
interface AnswerLike {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: unknown;
}

/**
 * The answer of which an error tells: most clients but fetch throw for a status from 400 on. Such an error has the
 * answer as its `response` (axios, got, ky, superagent, Octokit), or is like one itself (undici, SDKs of APIs). Null for
 * any other: one that has a good answer says that something else went wrong, with the body, say, and one that was caused
 * by a failure of the network has got none.
 */
export function toldAnswer(error: unknown): HttpAnswer | null {
  if (!isObject(error)) return null;
  const { response } = error as { readonly response?: unknown };
  const answer = isObject(response) ? asAnswer(response) : null;
  return answer ?? (isOfNetwork(error) ? null : asAnswer(error));
}

/** Octokit gives a status of 500 to what got no answer, and to aborts. */
function isOfNetwork({ name, cause }: { readonly name?: unknown; readonly cause?: unknown }) {
  return name === 'AbortError' || judgeNetworkError(cause) !== 'terminal';
}

function asAnswer({ status, statusCode, headers }: AnswerLike): HttpAnswer | null {
  const code = typeof status === 'number' ? status : statusCode;
  if (typeof code !== 'number' || !(code >= 400 && code <= 599)) return null;
  return { status: code, headers: { get: (name) => headerOf(headers, name) } };
}

/** One header of `Headers`, of a class like it, or of a plain object, in which it may be a list. */
function headerOf(headers: unknown, name: string): string | null {
  if (!isObject(headers)) return null;
  const { get } = headers as { readonly get?: unknown };
  const value: unknown =
    typeof get === 'function'
      ? get.call(headers, name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? String(first) : null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
