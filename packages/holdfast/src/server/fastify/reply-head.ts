import type { AnswerHead } from '../idempotency/http.ts';
import type { ReplyLike } from './types.ts';

/** What was set on a reply so far. */
export function headOf(reply: ReplyLike): AnswerHead {
  const headers: [string, string][] = [];
  const given = reply.getHeaders();
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (Array.isArray(value)) for (const one of value) headers.push([name, String(one)]);
    else if (value !== undefined) headers.push([name, String(value)]);
  }
  return { status: reply.statusCode, headers };
}

/** Sets it on a reply, over what is there. */
export function setHead(reply: ReplyLike, { status, headers }: AnswerHead): void {
  reply.code(status);
  for (const [name, values] of Map.groupBy(headers, ([header]) => header.toLowerCase())) {
    const all = values.map(([, value]) => value);
    reply.header(name, all.length === 1 ? all[0]! : all);
  }
}

/** Sets it in place of what is there. */
export function resetHead(reply: ReplyLike, head: AnswerHead): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  setHead(reply, head);
}

/** The content type; '' for none. */
export function typeOf({ headers }: AnswerHead): string {
  return headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
}
