import { type Classifier, httpClassifier, type Judgement, type Outcome } from 'holdfast';

/**
 * What a request may be answered instead of a value. The attempt's error is the judgement itself, so
 * that one classifier serves every client.
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
  /** Another does the work of this key: as 409 with the least Retry-After, a second. */
  inProgress: judged409('1'),
  /** Nobody knows what became of this key's work: as 409. */
  unknown: judged409(null),
} satisfies Record<string, Judgement>;

/** The classifier of every client. */
export const classifyAnswer: Classifier = (outcome: Outcome) =>
  outcome.ok ? 'success' : (outcome.error as Judgement);

/** What production's classifier makes of a conflict. */
function judged409(retryAfter: string | null): Judgement {
  const headers = { get: (name: string) => (name === 'retry-after' ? retryAfter : null) };
  const judged = httpClassifier({ ok: true, value: { status: 409, headers } });
  return typeof judged === 'string' ? { verdict: judged } : judged;
}
