import type { Layer } from '../layers.ts';
import { nominalAttempts } from '../tries.ts';
import { eachEdge, layerText, type Rule } from './rule.ts';

export const noBudget: Rule = {
  id: 'no-budget',
  severity: 'warning',
  looksFor: 'Retries of the library or of gRPC without a budget',
  why: 'Retries repair single failures and make outages worse. A budget tells the two apart: it allows retries while most calls succeed and refuses them when most calls fail, so an outage does not multiply the load.',
  check: eachEdge((edge, { layersOf }) => {
    const without = layersOf(edge).filter(isWithout);
    const [outer] = without;
    if (outer === undefined) return null;
    const attempts = nominalAttempts(without);
    return {
      ...(outer.kind === 'library' ? { options: ['retry.budget'] } : { place: outer.place }),
      message: `${edge.id} retries without a budget (${without.map(layerText).join(' x ')}): an outage multiplies its load by ${attempts}`,
      fix: without.map(({ kind }) => fixOf(kind)).join(' '),
      value: attempts,
    };
  }),
};

/** A sidecar's retries are bounded by how many run at once, and that is `unbounded-retry-concurrency`'s. */
function isWithout({ kind, maxAttempts, extraShare }: Layer): boolean {
  return kind !== 'sidecar' && maxAttempts > 1 && extraShare === Infinity;
}

function fixOf(kind: Layer['kind']): string {
  return kind === 'library'
    ? 'Leave `budget` out: the default allows retries for a tenth of the calls that succeed.'
    : 'Add `"retryThrottling": { "maxTokens": 10, "tokenRatio": 0.1 }` to the service config, which allows retries for a tenth of the calls that succeed.';
}
