import type { Call } from './call.ts';
import { disregard, isThenable } from './edge.ts';
import { isHoldfastError } from './errors.ts';
import { show } from './options.ts';
import type { Classifier, Judgement, StoppedBy, Verdict } from './outcome.ts';
import type { Plan } from './policy.ts';

/** What a classifier answers. */
export type Said = Verdict | Judgement | Blunder;

/** The classifier threw, instead of saying what an outcome means. */
class Blunder {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What the dependency's one classifier says of an outcome. */
export function ask({ classify }: Plan, ok: boolean, outcome: unknown): Said {
  if (classify === null) return ok ? 'success' : 'transient';
  try {
    return (classify as Classifier)(ok ? { ok, value: outcome } : { ok, error: outcome });
  } catch (error) {
    return new Blunder(error);
  }
}

/** Puts on the call what its outcome means; `said` is the classifier's answer, if it was asked already. */
export function judge(call: Call, said?: Said): void {
  const { ok, outcome, plan } = call;
  call.judgement = null;
  if (!ok && isHoldfastError(outcome)) {
    // A refusal of a call inside the operation says nothing of this dependency, and whoever refused
    // has decided already that there is no use in trying.
    call.verdict = outcome.code === 'ATTEMPT_TIMEOUT' ? 'timeout' : 'ignored';
    call.stoppedBy = call.verdict === 'timeout' ? 'attempts' : 'nested';
    return;
  }
  try {
    note(call, said ?? ask(plan, ok, outcome));
  } catch (error) {
    // The answer cannot be read: a getter throws, or it is a proxy that was revoked.
    blundered(call, error);
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

function note(call: Call, said: Said | null | undefined): void {
  if (said instanceof Blunder) {
    blundered(call, said.error);
    return;
  }
  const verdict = typeof said === 'string' ? said : said?.verdict;
  if (typeof verdict !== 'string' || !Object.hasOwn(STOPPED_BY, verdict)) {
    // An async classifier that throws must not end the process.
    disregard(said);
    const got = isThenable(said) ? 'a promise' : show(verdict ?? said);
    blundered(call, new TypeError(`classify must answer a verdict, got ${got}`));
    return;
  }
  call.verdict = verdict;
  if (typeof said === 'object') call.judgement = said;
}

/** The classifier has failed: the caller gets its error, so that the outcome does not hide the mistake. */
function blundered(call: Call, error: unknown): void {
  if (call.ok) call.plan.discard?.(call.outcome);
  call.refuse(error, 'terminal');
  call.verdict = 'terminal';
}
