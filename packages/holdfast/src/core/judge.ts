import type { Call } from './call.ts';
import { isHoldfastError } from './errors.ts';
import type { Judgement, StoppedBy, Verdict } from './outcome.ts';

/** Puts on the call what its outcome means, by the dependency's one classifier. */
export function judge(call: Call): void {
  const { ok, outcome, plan } = call;
  call.judgement = null;
  if (!ok && isHoldfastError(outcome)) {
    // A refusal further in says nothing of this dependency, and whoever refused has decided already
    // that there is no use in trying.
    call.verdict = outcome.code === 'ATTEMPT_TIMEOUT' ? 'timeout' : 'ignored';
    call.stoppedBy = call.verdict === 'timeout' ? 'attempts' : 'nested';
    return;
  }
  if (plan.classify === null) {
    call.verdict = ok ? 'success' : 'transient';
  } else {
    classified(call, plan.classify as (outcome: unknown) => Verdict | Judgement);
  }
  call.stoppedBy = call.verdict === 'success' ? null : STOPPED_BY[call.verdict];
}

/** Why there is no further attempt, unless a retry knows better. */
const STOPPED_BY: Readonly<Record<Verdict, StoppedBy | null>> = {
  success: null,
  transient: 'attempts',
  overload: 'attempts',
  timeout: 'attempts',
  terminal: 'terminal',
  ignored: 'rejected',
};

function classified(call: Call, classify: (outcome: unknown) => Verdict | Judgement): void {
  const { ok, outcome } = call;
  try {
    const judged: Verdict | Judgement | null | undefined = classify(
      ok ? { ok, value: outcome } : { ok, error: outcome },
    );
    if (typeof judged === 'string') {
      call.verdict = judged;
    } else {
      call.judgement = judged ?? null;
      call.verdict = judged?.verdict as Verdict;
    }
    if (call.verdict !== 'success' && !Object.hasOwn(STOPPED_BY, call.verdict)) {
      throw new TypeError(`classify must answer a verdict, got ${String(call.verdict)}`);
    }
  } catch (error) {
    call.refuse(error, 'terminal');
    call.verdict = 'terminal';
  }
}
