import type { Classifier, Judgement, Outcome } from 'holdfast';

/**
 * What a request may be answered instead of a value. The error that an attempt gets is what it
 * means, so that one classifier serves every client.
 */
export const answers = {
  /** The service, or something that it needs, has failed: as HTTP's 500. */
  transient: { verdict: 'transient' },
  /** It has more to do than it can: as 503 with a pushback. */
  overload: { verdict: 'overload' },
  /** It will never do this: as 400. */
  terminal: { verdict: 'terminal' },
  /** Nobody listens: the request never got there. */
  refused: { verdict: 'transient', neverSent: true },
  /** The connection broke; the request may have had its effect. */
  reset: { verdict: 'transient' },
} satisfies Record<string, Judgement>;

/** The classifier of every client. */
export const classifyAnswer: Classifier = (outcome: Outcome) =>
  outcome.ok ? 'success' : (outcome.error as Judgement);
