import type { Distribution } from '../spec/model.ts';
import type { Draws } from './streams.ts';

/**
 * Draws a time, in milliseconds. `concurrency` is how many requests are worked on at once, this one
 * included; only `loaded` times depend on it.
 */
export type Sampler = (concurrency: number) => number;

/** Draws from a distribution, with randomness of its own. */
export function samplerOf(distribution: Distribution, random: Draws): Sampler {
  switch (distribution.kind) {
    case 'constant': {
      const { value } = distribution;
      return () => value;
    }
    case 'exponential': {
      const { mean } = distribution;
      return () => mean * exponential(random);
    }
    case 'erlang': {
      const { mean, stages } = distribution;
      return () => (mean / stages) * sumOfExponentials(stages, random);
    }
    case 'lognormal':
      return lognormal(distribution.mean, distribution.cv, random);
    case 'hyperexponential':
      return hyperexponential(distribution.mean, distribution.cv, random);
    case 'empirical': {
      const { values } = distribution;
      return () => values[Math.floor(random.next() * values.length)]!;
    }
    case 'mixture':
      return mixture(distribution, random);
    case 'loaded': {
      const { slope } = distribution;
      const time = samplerOf(distribution.time, random);
      return (concurrency) => time(concurrency) * (1 + slope * (concurrency - 1));
    }
  }
}

/** Exponential of mean 1, by inversion. */
export function exponential(random: Draws): number {
  return -Math.log(1 - random.next());
}

function sumOfExponentials(count: number, random: Draws): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += exponential(random);
  return sum;
}

/** `exp` of a normal variable, which is drawn as Box and Muller do. */
function lognormal(mean: number, cv: number, random: Draws): Sampler {
  const variance = Math.log1p(cv * cv);
  const mu = Math.log(mean) - variance / 2;
  const sigma = Math.sqrt(variance);
  return () => {
    const radius = Math.sqrt(2 * exponential(random));
    return Math.exp(mu + sigma * radius * Math.cos(2 * Math.PI * random.next()));
  };
}

/**
 * Two exponentials with balanced means (each brings half of the mean): the usual choice of the two
 * parameters that mean and variation leave open. Variation is at least 1, that of one exponential.
 */
function hyperexponential(mean: number, cv: number, random: Draws): Sampler {
  const square = Math.max(1, cv * cv);
  const likely = (1 + Math.sqrt((square - 1) / (square + 1))) / 2;
  const quick = mean / (2 * likely);
  const slow = mean / (2 * (1 - likely));
  return () => (random.next() < likely ? quick : slow) * exponential(random);
}

type Mixture = Extract<Distribution, { readonly kind: 'mixture' }>;

function mixture({ of }: Mixture, random: Draws): Sampler {
  const total = of.reduce((sum, { weight }) => sum + weight, 0);
  let reached = 0;
  const parts = of.map(({ weight, time }) => {
    reached += weight / total;
    return { upTo: reached, draw: samplerOf(time, random) };
  });
  return (concurrency) => {
    const point = random.next();
    // Rounding may leave a gap before 1, which is the last one's.
    const part = parts.find(({ upTo }) => point < upTo) ?? parts.at(-1)!;
    return part.draw(concurrency);
  };
}
