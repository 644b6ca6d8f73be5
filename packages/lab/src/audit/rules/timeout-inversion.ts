import { callsOf } from '../../spec/edges.ts';
import type { Edge, Service } from '../../spec/model.ts';
import { longest } from '../tries.ts';
import { type Audited, durations, eachEdge, namesOf, type Rule, type Said } from './rule.ts';

export const timeoutInversion: Rule = {
  id: 'timeout-inversion',
  severity: 'error',
  looksFor: 'A callee that may work on a request for longer than its caller waits',
  why: 'The caller gives up and tries again while the callee still works for the first attempt. That work is wasted, and the load doubles just when there is too much of it.',
  check: eachEdge((edge, audited) => {
    const callee = audited.fleet.services.get(edge.to);
    const { window } = audited.numbersOf(edge);
    if (callee === undefined || window === null) return null;
    // What comes from users, and neither they nor a gateway retry, is sent once: with a deadline, patience is all that counts.
    const isRetried = audited.layersOf(edge).some(({ maxAttempts }) => maxAttempts > 1);
    const once = !audited.fleet.services.has(edge.from) && !isRetried;
    const longer = callsOf(callee)
      .filter((call) => !once || !isCut(call))
      .map((call) => ({ call, ...mayTake(call, audited) }))
      .filter(({ takes }) => takes > window)
      .toSorted((a, b) => Number(isCut(a.call)) - Number(isCut(b.call)) || b.takes - a.takes);
    return longer.length === 0 ? null : said(edge, callee, longer, window);
  }),
};

/** What inherits a deadline is cut in time: its own limit never counts, but nobody works in vain. */
function isCut({ policy }: Edge): boolean {
  return policy.deadline !== null;
}

interface Taking {
  /** Milliseconds; Infinity for no limit. */
  readonly takes: number;
  readonly what: 'a call' | 'one attempt';
}

/**
 * A call with a deadline inherits its caller's and ends before it; a limit of its own is then too
 * long if it never counts: that of one attempt, or a total that somebody chose. Without a deadline
 * nothing stops it before all of its tries are over.
 */
function mayTake(call: Edge, { layersOf }: Audited): Taking {
  const { deadline, timeout } = call.policy;
  const chosen = deadline === null || call.options.deadline !== undefined;
  return chosen
    ? { takes: longest(layersOf(call)), what: 'a call' }
    : { takes: timeout ?? deadline, what: 'one attempt' };
}

/** @param longer the calls that may take longer than the caller waits, the worst first. */
function said(
  edge: Edge,
  callee: Service,
  longer: readonly (Taking & { readonly call: Edge })[],
  window: number,
): Said {
  const { call, takes, what } = longer[0]!;
  const cut = isCut(call);
  const [waits, lasts] = durations(window, takes);
  return {
    severity: cut ? 'warning' : 'error',
    message: `${edge.id} waits ${waits} for an answer, but ${what} of ${call.id} may take ${lasts}`,
    fix: `Limit ${namesOf(longer.map((each) => each.call))} to less than ${waits}${cut ? '' : " in all, or set a `deadline` there, which the caller's remaining time then shortens"}${takes === Infinity ? '' : `; or let ${edge.id} wait longer`}.`,
    value: takes === Infinity ? null : takes - window,
  };
}
