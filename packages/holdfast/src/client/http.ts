import type { Judgement, Outcome, Verdict } from '../core/outcome.ts';

/** What the HTTP classifier looks at: a fetch `Response`, or anything with its status and headers. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** What an HTTP outcome means. */
export function httpClassifier(outcome: Outcome<HttpAnswer>): Verdict | Judgement {
  if (!outcome.ok) return 'transient';
  return outcome.value.status < 400 ? 'success' : 'transient';
}

/** Lets go of the socket under a response that nobody will read. */
export function discardAnswer(_answer: unknown): void {}
