import { eachEdge, type Rule } from './rule.ts';

/** 408 and 425 ask for another try, 429 for a later one; all other statuses of the kind are final. */
const WORTH_REPEATING: ReadonlySet<string> = new Set(['408', '425', '429']);

/** gRPC's codes that say that the request itself is wrong, or not allowed. */
const FINAL: ReadonlySet<string> = new Set([
  'invalid-argument',
  'not-found',
  'already-exists',
  'permission-denied',
  'unauthenticated',
  'failed-precondition',
  'out-of-range',
  'unimplemented',
]);

export const retryOn4xx: Rule = {
  id: 'retry-on-4xx',
  severity: 'warning',
  looksFor: "A layer that retries on answers that say that the request is the caller's mistake",
  why: 'A request that is wrong, forbidden or about nothing does not get better by repetition: all that the further attempts do is to cost, and to hide the mistake.',
  check: eachEdge((edge, { layersOf, read }) => {
    for (const { kind, maxAttempts, retryOn, place } of layersOf(edge)) {
      const final = retryOn.filter(isFinal);
      // Once is enough: who has read the file knows the very line.
      const said = read.some((one) => one.rule === 'retry-on-4xx' && one.place.file === place.file);
      if (maxAttempts === 1 || final.length === 0 || said) continue;
      return {
        message: `${edge.id}: the ${kind} layer retries on ${final.join(', ')}`,
        fix: `Take ${final.join(', ')} off the conditions; keep to connection failures, 502, 503 and 504.`,
        value: final.length,
      };
    }
    return null;
  }),
};

function isFinal(condition: string): boolean {
  const name = condition.toLowerCase().replaceAll('_', '-');
  if (name === '4xx' || name === 'retriable-4xx' || FINAL.has(name)) return true;
  return /^4\d\d$/.test(name) && !WORTH_REPEATING.has(name);
}
