/** How `retries-multiply` reads: of one, two and three layers, of hedges, of several calls and hops. */
import { expect, test } from 'vitest';

import { type Case, found, layer, placeOf } from '../../../test/cases.ts';
import { fleetOf } from '../../spec/fleet.ts';
import { audit } from '../audit.ts';
import type { Finding } from '../finding.ts';
import { productText } from '../graph.ts';

const id = 'retries-multiply';
const eager = (maxAttempts: number): object => ({ retry: { maxAttempts, budget: false } });

const ONE_LAYER =
  'Make at most three attempts, and give them a budget (`retry: { budget: { ratio: 0.1 } }`).';

const CASES: readonly (Case & { readonly says: string; readonly advises: string })[] = [
  {
    policy: { ...eager(20) },
    says: '1 x 20 = 20 requests reach stock for one request of a user when stock fails (web > stock: library 20)',
    advises: ONE_LAYER,
  },
  {
    policy: { ...eager(4) },
    layers: [layer({ maxAttempts: 3 })],
    says: '1 x 12 = 12 requests reach stock for one request of a user when stock fails (web > stock: library 4 x sidecar 3)',
    advises: 'Switch the others off (`retry: false`, `attempts: 0` in the VirtualService).',
  },
  {
    policy: { ...eager(4) },
    layers: [layer({ kind: 'grpc', maxAttempts: 2, hedges: true }), layer({ maxAttempts: 3 })],
    says: '(web > stock: library 4 x grpc 2 at once x sidecar 3)',
    advises:
      '(`retry: false`, no `retryPolicy` or `hedgingPolicy`, `attempts: 0` in the VirtualService).',
  },
  {
    policy: { retry: false },
    layers: [layer({ maxAttempts: 11 })],
    says: '(web > stock: sidecar 11)',
    advises: 'give them a budget (`retryBudget`).',
  },
  {
    policy: { ...eager(10) },
    call: { times: 2 },
    says: '(web > stock: 2 calls x library 10)',
    advises: ONE_LAYER,
  },
];

test.each(CASES)('$says', ({ says, advises, ...given }) => {
  const finding = found(given).find(({ rule }) => rule === id);
  expect(finding?.message).toContain(says);
  expect(finding?.fix).toContain(advises);
});

const CHAIN = ['web', 'cart', 'stock', 'shelf', 'box'];

/** A chain of so many hops that all retry, without users. */
function chain(hops: number, maxAttempts: number): ReturnType<typeof audit> {
  const policy = eager(maxAttempts);
  const services = Object.fromEntries(
    CHAIN.slice(0, hops + 1).map((name, i) => [
      name,
      { calls: i < hops ? [{ to: CHAIN[i + 1], policy }] : [] },
    ]),
  );
  return audit(fleetOf({ name: 'chain', services }), { placeOf });
}

const said = ({ findings }: { readonly findings: readonly Finding[] }): string | undefined =>
  findings.find(({ rule }) => rule === id)?.message;

test('one hop without users is one number, and no equation', () => {
  const report = chain(1, 20);
  expect(said(report)).toBe(
    'web > cart: 20 requests reach cart for one request that web receives when cart fails (library 20)',
  );
  expect(productText(report.total.worstPath)).toBe('20');
});

test('of many hops three are explained', () => {
  expect(said(chain(4, 2))).toBe(
    'web > cart > stock > shelf > box: 2 x 2 x 2 x 2 = 16 requests reach box for one request that web receives when box fails (web > cart: library 2; cart > stock: library 2; stock > shelf: library 2; 1 more)',
  );
});
