import type { Layer } from '../layers.ts';

/** How each kind of layer is told not to retry, and how it gets a budget. An `inbound` one is nobody's mistake. */
const WAYS = {
  library: { off: '`retry: false`', budget: '`retry: { budget: { ratio: 0.1 } }`' },
  grpc: { off: 'no `retryPolicy` or `hedgingPolicy`', budget: '`retryThrottling`' },
  sidecar: { off: '`attempts: 0` in the VirtualService', budget: '`retryBudget`' },
  inbound: null,
} as const;

/** What switches the retries of these layers off, and what gives them a budget; each kind once. */
export function curesFor(layers: readonly Layer[]): {
  readonly off: string;
  readonly budget: string;
} {
  const ways = [...new Set(layers.map(({ kind }) => WAYS[kind]))].filter((way) => way !== null);
  return {
    off: ways.map(({ off }) => off).join(', '),
    budget: ways.map(({ budget }) => budget).join(', '),
  };
}
