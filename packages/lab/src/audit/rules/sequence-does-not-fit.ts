import { callsOf } from '../../spec/edges.ts';
import type { Edge, Service } from '../../spec/model.ts';
import { inSequence } from '../load.ts';
import { longest } from '../tries.ts';
import { atLeast, type Audited, durations, eachEdge, ms, type Rule } from './rule.ts';

export const sequenceDoesNotFit: Rule = {
  id: 'sequence-does-not-fit',
  severity: 'error',
  looksFor: 'A service whose calls, one after another, take longer together than its caller waits',
  why: "Each limit looks right by itself, but the last calls of the sequence run when nobody waits any more. The work of all calls is lost, and the caller's retry does it again.",
  counts: 'time',
  check: eachEdge((edge, audited) => {
    const callee = audited.fleet.services.get(edge.to);
    const { window } = audited.numbersOf(edge);
    if (callee === undefined || window === null || !isSequence(callee)) return null;
    const usual = audited.usualTimeOf(callee.name);
    const limits = inSequence(callee, (call) => limitOf(call, audited));
    if (usual > window) {
      const [waits, takes] = durations(window, usual);
      return {
        message: `${edge.id} waits ${waits} for an answer, but ${callee.name} usually takes ${takes} with the calls that it makes one after another, even when all is well`,
        fix: `Make calls that do not need each other at the same time (\`together\`)${waiting(Math.max(usual, limits))}.`,
        value: usual - window,
      };
    }
    // Limits that nobody has chosen are cut by the deadline that they inherit, as they are meant to.
    const own = audited.fleet.services.has(edge.from) || edge.policyName !== null ? [edge] : [];
    const chosen = [...own, ...callsOf(callee)].some(isChosen);
    if (limits <= window || !chosen) return null;
    const inherits = callsOf(callee).every(({ policy }) => policy.deadline !== null);
    const [waits, takes] = durations(window, limits);
    return {
      severity: inherits ? 'warning' : 'error',
      message: `${edge.id} waits ${waits} for an answer, but the calls that ${callee.name} makes one after another may take ${takes}`,
      fix: `Make calls that do not need each other at the same time (\`together\`), or shorten the timeouts until they add up to at most ${ms(Math.floor(window))}${waiting(limits)}.`,
      value: limits === Infinity ? null : limits - window,
    };
  }),
};

/** The other way out, if there is an end to wait for. */
function waiting(time: number): string {
  return time === Infinity ? '' : `, or wait longer than ${atLeast(time)}`;
}

/** More than one call in turn; a single one is `timeout-inversion`'s. */
function isSequence({ stages }: Service): boolean {
  return stages.length > 1;
}

/** One attempt of what inherits a deadline, all of what does not. */
function limitOf(call: Edge, { layersOf }: Audited): number {
  const { deadline, timeout } = call.policy;
  const once = deadline === null ? longest(layersOf(call)) : (timeout ?? deadline);
  return call.times === 0 ? 0 : once;
}

function isChosen({ options, policy }: Edge): boolean {
  return options.timeout !== undefined || policy.deadline === null;
}
