import type { Call } from './call.ts';
import type { AttemptRecord, Verdict } from './outcome.ts';

/** What is kept of the call's last attempt, which ended just now. */
export function attemptRecord(call: Call, verdict: Verdict): AttemptRecord {
  const { root, attemptStartedAt, live, ok, outcome, plan } = call;
  const attempt = live!.number;
  const { startedAt } = root;
  const unknown = attempt === 1 ? 0 : NaN;
  const startedAfter = startedAt === null ? unknown : attemptStartedAt! - startedAt;
  const duration = attemptStartedAt === null ? NaN : plan.runtime.clock.recent() - attemptStartedAt;
  return ok
    ? { attempt, verdict, startedAfter, duration }
    : { attempt, verdict, startedAfter, duration, error: outcome };
}
