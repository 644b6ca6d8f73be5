import { sha256 } from '../../idempotency/hash.ts';

/** One part: its headers as they came (name, file name, content type), and the hash of its content. */
export type BodyPart = readonly [headers: string, hash: string];

/** A body of more parts is taken byte by byte. */
const MAX_PARTS = 1000;
/** And so is one of which a part has longer headers. */
const MAX_HEADERS = 8192;
/** RFC 2046, §5.1.1. */
const MAX_BOUNDARY = 70;
const CR = 13;
const LF = 10;
const DASH = 45;

/** The boundary that a content type names; '' if none. */
export function boundaryOf(contentType: string): string {
  const match = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? '';
}

/**
 * The parts of a multipart body (RFC 2046, forms: RFC 7578) in their order; null for what cannot be told apart surely. It
 * only feeds a hash, so it refuses rather than guesses.
 */
export function multipartParts(body: Uint8Array, boundary: string): readonly BodyPart[] | null {
  if (boundary === '' || boundary.length > MAX_BOUNDARY) return null;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const first = Buffer.from(`--${boundary}`, 'latin1');
  const next = Buffer.from(`\r\n--${boundary}`, 'latin1');
  if (!bytes.subarray(0, first.length).equals(first)) return null;
  const parts: BodyPart[] = [];
  for (let at = first.length; !isEnd(bytes, at);) {
    const end = bytes.indexOf(next, at + 2);
    if (bytes[at] !== CR || bytes[at + 1] !== LF || end === -1) return null;
    const part = partOf(bytes.subarray(at + 2, end));
    if (part === null || parts.length === MAX_PARTS) return null;
    parts.push(part);
    at = end + next.length;
  }
  return parts;
}

/** The last boundary, with nothing after it. */
function isEnd(bytes: Buffer, at: number): boolean {
  if (bytes[at] !== DASH || bytes[at + 1] !== DASH) return false;
  const rest = bytes.length - at - 2;
  return rest === 0 || (rest === 2 && bytes[at + 2] === CR && bytes[at + 3] === LF);
}

function partOf(part: Buffer): BodyPart | null {
  // A batch's part may have no headers.
  if (part[0] === CR && part[1] === LF) return ['', sha256(part.subarray(2))];
  const end = part.indexOf('\r\n\r\n');
  if (end === -1 || end > MAX_HEADERS) return null;
  return [part.toString('latin1', 0, end), sha256(part.subarray(end + 4))];
}
