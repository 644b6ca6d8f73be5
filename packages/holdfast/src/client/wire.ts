import type { Attempt } from '../core/operation.ts';

/** The header by which a request tells of the call that it belongs to. */
export const CONTEXT_HEADER = 'Holdfast-Context';
/** The header by which an answer tells callers whether and when to come again. */
export const PUSHBACK_HEADER = 'Holdfast-Pushback';

/** In characters. No header that we know comes near, and a longer one would take long to read. */
const LONGEST = 1024;
const MEMBER = /^\s*([a-z*][a-z0-9_\-.*]*)(?:=("(?:[^"\\]|\\.)*"|[^\s;,"]+))?\s*(?:;.*)?$/;

/**
 * The members of an RFC 9651 dictionary, as text: `retry=no, after=1500`. Read leniently: a member
 * that is malformed is left out, parameters are dropped, the last of a name counts. One of more than
 * 1024 characters is not read at all.
 */
export function parseDictionary(header: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  if (header.length > LONGEST) return members;
  for (const part of header.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []) {
    const match = MEMBER.exec(part);
    if (match !== null) members.set(match[1]!, match[2] ?? '?1');
  }
  return members;
}

/** What a server says against being called again. */
export interface Pushback {
  /** Whether the request must not be tried again. */
  readonly final: boolean;
  /** How long to wait before another try, in milliseconds. */
  readonly after: number | undefined;
}

/** Reads `Holdfast-Pushback: retry=no, after=1500`. */
export function parsePushback(header: string): Pushback {
  const members = parseDictionary(header);
  const retry = members.get('retry');
  const after = members.get('after') ?? '';
  return {
    final: retry === 'no' || retry === '?0',
    after: /^\d{1,15}(\.\d+)?$/.test(after) ? Number(after) : undefined,
  };
}

/**
 * Writes `Holdfast-Context` for one attempt. The deadline travels as the milliseconds until nobody
 * waits for the attempt any more: until its own timeout, or until the call's end if that comes first.
 */
export function contextOf(attempt: Attempt): string {
  const remaining = attempt.remaining();
  const deadline = remaining === Infinity ? '' : `deadline=${Math.floor(remaining)}, `;
  return `${deadline}attempt=${attempt.number}, criticality=${attempt.criticality}`;
}
