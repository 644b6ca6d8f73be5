import { disregard } from '../../core/edge.ts';
import { canonicalJson } from '../../idempotency/canonical-json.ts';
import { incrementalSha256, sha256, tupleOf } from '../../idempotency/hash.ts';
import type { HttpRequest, RequestBody } from './http-idempotency.ts';
import { boundaryOf, multipartParts } from './multipart.ts';

/** A body that was read, or of which its sender has told the digest. */
export type KnownBody =
  | Exclude<RequestBody, { readonly kind: 'too-large' }>
  | { readonly kind: 'digest'; readonly digest: string };

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/;
/** Forms, batches, uploads with metadata. */
const MULTIPART_TYPE = /^multipart\//;
/** Parameters that say how a body is written, and not what it says. */
const MATTERS_NOT = /^\s*(?:charset|boundary)\s*=/i;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The fingerprint of a request: method, route, path with query, content type, the headers that are named, and
 * what the body says. JSON says the same in any order of keys and with any white space, with the last
 * of two equal keys as in `JSON.parse`; a multipart body the same with any boundary. Other bodies,
 * and those that are not what they claim, are taken byte by byte.
 *
 * @param headerNames in lower case.
 * @param limit of the body's bytes; null is answered for more. A parsed body whose length its sender has not told, or
 *   has told of its compressed form, counts as its JSON.
 * @param select of a JSON body what counts; all of it by default.
 * @throws NotJsonError for a parsed body that is not JSON, or is nested too deeply; SelectError.
 */
export function requestFingerprint(
  request: HttpRequest,
  headerNames: readonly string[],
  body: KnownBody,
  limit = Infinity,
  select?: (body: unknown) => unknown,
): string | null {
  const type = contentType(request);
  const said = saidBy(body, type);
  if (sizeOf(body, said, request) > limit) return null;
  const { form, says } = select === undefined ? said : selected(said, select);
  const { method, route, url } = request;
  const head = tupleOf([
    method,
    originForm(route),
    originForm(url),
    plainType(type),
    form,
    ...headerNames.map((name) => JSON.stringify(request.headers[name] ?? null)),
  ]);
  return typeof says === 'string'
    ? sha256(head + says)
    : incrementalSha256().update(head).update(says).digest();
}

/** A target without scheme and host, which a request that is made to a proxy has: they make no difference here. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const rest = target.replace(/^https?:\/\/[^/?]*/i, '');
  return rest === target || rest.startsWith('/') ? rest : `/${rest}`;
}

/** `select` threw, or has answered what is no JSON: its `cause`. */
export class SelectError extends Error {}

/** What `select` answers for a copy of the body: the handler's stays as it is. */
function selected(said: Said, select: (body: unknown) => unknown): Said {
  if (said.form !== 'json') return said;
  const body: unknown = JSON.parse(said.says as string);
  try {
    const what = select(body);
    // A promise is no JSON, whatever it comes to.
    disregard(what);
    return { form: 'json', says: canonicalJson(what) };
  } catch (cause) {
    throw new SelectError('what of a body counts could not be selected', { cause });
  }
}

/** The bytes to hold against the limit; 0 where the request's head has been held against it already. */
function sizeOf(body: KnownBody, { says }: Said, { headers }: HttpRequest): number {
  if (body.kind === 'bytes') return body.bytes.length;
  if (body.kind !== 'parsed') return 0;
  const { value } = body;
  if (value instanceof Uint8Array) return value.length;
  const isTold =
    headers['content-length'] !== undefined && headers['content-encoding'] === undefined;
  return isTold ? 0 : Buffer.byteLength(typeof value === 'string' ? value : says);
}

/** SHA-256 or SHA-512 out of `Content-Digest` (RFC 9530); undefined if it has neither. */
export function contentDigestOf(request: HttpRequest): string | undefined {
  const header = oneOf(request.headers['content-digest']);
  return /(?:^|,)\s*(sha-(?:256|512)=:[A-Za-z0-9+/]+={0,2}:)/.exec(header)?.[1];
}

/** What a body says, as text or as bytes. */
interface Said {
  readonly form: 'none' | 'json' | 'parts' | 'bytes' | 'digest';
  readonly says: string | Uint8Array;
}

const NOTHING: Said = { form: 'none', says: '' };

function saidBy(body: KnownBody, type: string): Said {
  switch (body.kind) {
    case 'none':
      return NOTHING;
    case 'digest':
      return { form: 'digest', says: body.digest };
    case 'parsed':
      return saidByParsed(body.value, type);
    case 'bytes':
      return saidByBytes(body.bytes, type);
  }
}

function saidByBytes(bytes: Uint8Array, type: string): Said {
  if (bytes.length === 0) return NOTHING;
  const essence = essenceOf(type);
  if (JSON_TYPE.test(essence)) return saidByJson(bytes);
  if (MULTIPART_TYPE.test(essence)) {
    const parts = multipartParts(bytes, boundaryOf(type));
    if (parts !== null) return { form: 'parts', says: JSON.stringify(parts) };
  }
  return { form: 'bytes', says: bytes };
}

function saidByParsed(value: unknown, type: string): Said {
  if (value === undefined) return NOTHING;
  if (value instanceof Uint8Array) return saidByBytes(value, type);
  return { form: 'json', says: canonicalJson(value) };
}

function saidByJson(bytes: Uint8Array): Said {
  try {
    return { form: 'json', says: canonicalJson(JSON.parse(utf8.decode(bytes))) };
  } catch {
    return { form: 'bytes', says: bytes };
  }
}

function contentType(request: HttpRequest): string {
  return oneOf(request.headers['content-type']);
}

function essenceOf(type: string): string {
  return type.split(';', 1)[0]!.trim().toLowerCase();
}

function plainType(type: string): string {
  if (!type.includes(';')) return type.trim().toLowerCase();
  const [, ...parameters] = type.split(';');
  const kept = parameters.filter((parameter) => !MATTERS_NOT.test(parameter));
  return [essenceOf(type), ...kept.map((parameter) => parameter.trim())].join(';');
}

function oneOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.join(', ') ?? '');
}
