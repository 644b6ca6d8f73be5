import { curesFor } from './cures.ts';
import { eachEdge, layerText, type Rule } from './rule.ts';

export const doubleRetry: Rule = {
  id: 'double-retry',
  severity: 'warning',
  looksFor: 'An edge on which more than one layer retries or hedges',
  why: 'The client library, gRPC and the sidecar know nothing of each other. Each repeats what the others have already repeated, so the attempts multiply.',
  check: eachEdge((edge, { layersOf, numbersOf }) => {
    // The callee's sidecar repeats only what has not reached the application: it counts, but it is nobody's mistake.
    const retrying = layersOf(edge).filter(
      ({ kind, maxAttempts }) => kind !== 'inbound' && maxAttempts > 1,
    );
    if (retrying.length < 2) return null;
    const { attempts } = numbersOf(edge);
    const layers = retrying.map(layerText).join(', ');
    const what = retrying.some(({ hedges }) => hedges) ? 'repeat or hedge' : 'retry';
    return {
      message: `${retrying.length} layers ${what} ${edge.id} (${layers}): up to ${attempts} requests for one call`,
      fix: `Keep the retries of one layer, best the library: it knows verdicts, idempotency keys and its budget. Switch the others off (${curesFor(retrying.slice(1)).off}).`,
      value: attempts,
    };
  }),
};
