import { disregard, isThenable } from '../../core/edge.ts';
import { isPlainObject, show } from '../../core/options.ts';
import { jsonOf } from '../../idempotency/values.ts';
import type { AnswerHead, HandlerAnswer, HttpAnswer } from './http-idempotency.ts';
import { isNeverReplayed } from './replayed-headers.ts';

/** Of the form below. A reader of another version refuses the record, and never does the work again. */
const VERSION = 1;

/** A record's result: an answer, the fact that there was one, or what this version cannot read. */
export type KeptAnswer =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  | ({ readonly kind: 'unkept' } & AnswerHead)
  | { readonly kind: 'unreadable' };

/** The JSON of a record. Bodies are text where they are UTF-8, which is shorter and can be read by people. */
interface Envelope extends AnswerHead {
  readonly v: number;
  readonly text?: string;
  readonly base64?: string;
  readonly unkept?: true;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** An answer as it is kept, with the headers that replays may carry. */
export function encodeAnswer({ status, headers, body }: HandlerAnswer): string {
  const kept = typeof body === 'string' ? { text: body } : encodeBody(body);
  return JSON.stringify({ v: VERSION, status, headers, ...kept } satisfies Envelope);
}

/** Whether a body has more than `limit` bytes. */
export function isLonger(body: HandlerAnswer['body'], limit: number): boolean {
  // No character has more than three bytes, and a pair of surrogates four.
  if (typeof body === 'string' && 3 * body.length <= limit) return false;
  return (typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength) > limit;
}

/** That there was an answer, and where it led to. */
export function encodeUnkept({ status, headers: all }: AnswerHead): string {
  const headers = all.filter(([name]) => name.toLowerCase() === 'location');
  return JSON.stringify({ v: VERSION, status, headers, unkept: true } satisfies Envelope);
}

/** Reads a record's result. */
export function decodeAnswer(result: string): KeptAnswer {
  const envelope = parsed(result);
  if (envelope?.v !== VERSION) return { kind: 'unreadable' };
  const { status, headers, text, base64, unkept } = envelope;
  if (unkept === true) return { kind: 'unkept', status, headers };
  const body = text === undefined ? Buffer.from(base64 ?? '', 'base64') : encoder.encode(text);
  return { kind: 'answer', answer: { status, headers, body } };
}

/**
 * What `reconcile` has found, or `settle` was given, as a result: an answer of `{ status, headers, body }`, with at least a
 * status or a body, which is text, bytes or JSON; anything else is the body of a 200. Headers that no replay may carry are
 * left out: those of a bank's answer, handed on as they came, would say another length.
 *
 * @throws TypeError for a header that cannot be sent, which would fail every repeat, and for a body that would be lost.
 */
export function encodeFound(found: unknown): string {
  if (!isAnswerLike(found)) return encodeFound({ body: found });
  const { status = 200, headers = {} } = found;
  const body = BODYLESS.has(status) ? undefined : found.body;
  const isBytes = body instanceof Uint8Array;
  const isRaw = body === undefined || typeof body === 'string' || isBytes;
  const mayCarry = (name: string): boolean =>
    // Text is not compressed, whatever the answer was that it was read from.
    !isNeverReplayed(name) && (isBytes || name !== 'content-encoding');
  const entries = entriesOf(headers)
    .filter(([name, value]) => (value ?? null) !== null && mayCarry(name.toLowerCase()))
    .map(([name, value]) => [name, sendable(name, String(value))] as const);
  const hasType = entries.some(([name]) => name.toLowerCase() === 'content-type');
  if (!isRaw && !hasType) entries.push(['Content-Type', 'application/json']);
  return encodeAnswer({
    status,
    headers: entries,
    body: isRaw ? (body ?? '') : jsonBody(body),
  });
}

/** Answers that have no body. Fetch's `Response` would not be made with one. */
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Those of fetch are no plain object, and neither are pairs. */
function entriesOf(headers: object): readonly (readonly [string, unknown])[] {
  if (!(Symbol.iterator in headers)) return Object.entries(headers);
  const pairs = [...(headers as Iterable<readonly [string, unknown]>)];
  if (pairs.every((pair) => Array.isArray(pair) && typeof pair[0] === 'string')) return pairs;
  throw new TypeError('headers must be an object, or pairs of a name and a value');
}

/** @throws TypeError for what is no JSON, and for what JSON says nothing of: a promise, a Response, a map. */
function jsonBody(body: unknown): string {
  const json = jsonOf(body, 'the body of an answer');
  const isNothing = json === '{}' ? !isPlainObject(body) : json === 'null' && body !== null;
  if (!isNothing) return json;
  disregard(body);
  const given = isThenable(body) ? 'a promise' : show(body);
  throw new TypeError(`the body of an answer must be text, bytes or JSON, got ${given}`);
}

/** What HTTP can say in a header: the rest is refused by Node when it is to be sent. */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function sendable(name: string, value: string): string {
  if (NAME.test(name) && VALUE.test(value)) return value;
  throw new TypeError(
    `the header ${JSON.stringify(name)} cannot be sent: a name is a token, and a value has neither control characters nor any beyond Latin-1`,
  );
}

interface AnswerLike {
  readonly status?: number;
  readonly headers?: object;
  readonly body?: unknown;
}

const MEMBERS: ReadonlySet<string> = new Set(['status', 'headers', 'body']);

/** An object of nothing else, with a status or a body. */
function isAnswerLike(found: unknown): found is AnswerLike {
  if (typeof found !== 'object' || found === null) return false;
  const { status, headers } = found as Record<string, unknown>;
  if (headers !== undefined && (typeof headers !== 'object' || headers === null)) return false;
  if (!('body' in found) && status === undefined) return false;
  if (status !== undefined && !isStatus(status)) return false;
  return Object.keys(found).every((key) => MEMBERS.has(key));
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
}

function encodeBody(body: Uint8Array): Pick<Envelope, 'text' | 'base64'> {
  try {
    return { text: utf8.decode(body) };
  } catch {
    const { buffer, byteOffset, byteLength } = body;
    return { base64: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
}

function parsed(result: string): Envelope | null {
  try {
    return JSON.parse(result) as Envelope | null;
  } catch {
    return null;
  }
}
