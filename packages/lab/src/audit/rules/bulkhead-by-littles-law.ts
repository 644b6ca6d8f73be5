import { processesOf } from '../edges.ts';
import { callsOverAll } from '../load.ts';
import { amount, amounts, eachDependency, eachProcess, ms, namesOf, type Rule } from './rule.ts';

/** A bad minute has some times the usual load and latency; a bulkhead beyond this bounds nothing. */
const FAR_TOO_LARGE = 100;

export const bulkheadByLittlesLaw: Rule = {
  id: 'bulkhead-by-littles-law',
  severity: 'warning',
  looksFor:
    'A bulkhead with fewer slots than calls are usually in flight, or with more than a hundred times as many',
  why: "By Little's law, (calls a second) x (seconds a call) are in flight when all is well. With fewer slots, the bulkhead refuses healthy calls; with a hundred times as many, a slow dependency can still take the whole process.",
  counts: 'time',
  check: eachDependency((edges, { fleet, load, numbersOf, unstatedTimeOf }, caller) => {
    const [edge] = edges;
    const { bulkhead } = edge.policy;
    const rate = callsOverAll(edges, load) / processesOf(edge, fleet);
    if (bulkhead === null || rate === 0) return null;
    const time = load.attemptTime(edge);
    const need = (rate * time) / 1000;
    const { maxConcurrent } = bulkhead;
    const [inFlight] = amounts(need, maxConcurrent);
    const law = `${eachProcess(edge, fleet)} makes ${amount(rate)} calls a second that take ${ms(time)} each, so ${inFlight} are in flight at once`;
    if (maxConcurrent < need) {
      return {
        options: ['bulkhead.maxConcurrent'],
        message: `${namesOf(edges)}: ${law}, but the bulkhead has only ${maxConcurrent === 1 ? '1 slot' : `${maxConcurrent} slots`}`,
        fix: `Set \`bulkhead: { maxConcurrent: ${Math.ceil(2 * need)} }\`${caller === null ? '' : ', or add replicas'}.`,
        value: need,
      };
    }
    if (!isStated(edge.options.bulkhead)) return null;
    // A time that nobody states may be all that an attempt has.
    const isKnown = unstatedTimeOf(edge.to) === null;
    const most = isKnown ? need : (rate * (numbersOf(edge).window ?? Infinity)) / 1000;
    if (maxConcurrent <= FAR_TOO_LARGE * Math.max(1, most)) return null;
    return {
      options: ['bulkhead.maxConcurrent'],
      message: `${namesOf(edges)}: ${law}; a bulkhead of ${maxConcurrent} slots is too large to protect anything`,
      fix: `Set \`bulkhead: { maxConcurrent: ${Math.max(5, Math.ceil(4 * need))} }\`, which leaves room for a bad minute.`,
      value: need,
    };
  }),
};

/** The default serves a thousand calls a second: only a number that somebody chose can be far too large. */
function isStated(bulkhead: unknown): boolean {
  return typeof bulkhead === 'object' && bulkhead !== null && 'maxConcurrent' in bulkhead;
}
