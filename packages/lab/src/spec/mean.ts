import type { Distribution } from './model.ts';

/** The mean of a distribution, in milliseconds; for `loaded`, of a request that is alone. */
export function meanOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'exponential':
    case 'erlang':
    case 'lognormal':
    case 'hyperexponential':
      return distribution.mean;
    case 'empirical':
      return distribution.values.reduce((a, b) => a + b, 0) / distribution.values.length;
    case 'mixture': {
      const weights = distribution.of.reduce((all, { weight }) => all + weight, 0);
      return (
        distribution.of.reduce((all, { weight, time }) => all + weight * meanOf(time), 0) / weights
      );
    }
    case 'loaded':
      return meanOf(distribution.time);
  }
}
