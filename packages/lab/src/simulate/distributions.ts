import { meanOf } from '../spec/mean.ts';
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

/**
 * Draws what is left of such a time at any moment of its course. A long one is the likelier to be met, in
 * proportion to its length, and every part of it is as likely as any other (the residual life of renewal theory).
 */
export function residualOf(distribution: Distribution, random: Draws): Sampler {
  switch (distribution.kind) {
    case 'constant': {
      const { value } = distribution;
      return () => value * random.next();
    }
    case 'exponential':
      return samplerOf(distribution, random);
    case 'erlang': {
      const { mean, stages } = distribution;
      const left = (): number => 1 + Math.floor(stages * random.next());
      return () => (mean / stages) * sumOfExponentials(left(), random);
    }
    case 'lognormal': {
      // Weighted by their length, they are lognormal again, and as much longer.
      const { mean, cv } = distribution;
      const met = lognormal(mean * (1 + cv * cv), cv, random);
      return () => random.next() * met(1);
    }
    case 'hyperexponential':
      return hyperexponentialLeft(distribution.mean, distribution.cv, random);
    case 'empirical': {
      const met = oneOf(distribution.values, (value) => value, random);
      return () => random.next() * met();
    }
    case 'mixture': {
      const parts = distribution.of.map(({ weight, time }) => ({
        share: weight * meanOf(time),
        left: residualOf(time, random),
      }));
      const met = oneOf(parts, ({ share }) => share, random);
      return (concurrency) => met().left(concurrency);
    }
    case 'loaded':
      return residualOf(distribution.time, random);
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
function phasesOf(mean: number, cv: number): { likely: number; quick: number; slow: number } {
  const square = Math.max(1, cv * cv);
  const likely = (1 + Math.sqrt((square - 1) / (square + 1))) / 2;
  return { likely, quick: mean / (2 * likely), slow: mean / (2 * (1 - likely)) };
}

function hyperexponential(mean: number, cv: number, random: Draws): Sampler {
  const { likely, quick, slow } = phasesOf(mean, cv);
  return () => (random.next() < likely ? quick : slow) * exponential(random);
}

/** As each brings half of the mean, each is met half of the time. */
function hyperexponentialLeft(mean: number, cv: number, random: Draws): Sampler {
  const { quick, slow } = phasesOf(mean, cv);
  return () => (random.next() < 0.5 ? quick : slow) * exponential(random);
}

type Mixture = Extract<Distribution, { readonly kind: 'mixture' }>;

function mixture({ of }: Mixture, random: Draws): Sampler {
  const parts = of.map(({ weight, time }) => ({ weight, draw: samplerOf(time, random) }));
  const one = oneOf(parts, ({ weight }) => weight, random);
  return (concurrency) => one().draw(concurrency);
}

/** Draws one of them, each as likely as its weight says. */
function oneOf<T>(all: readonly T[], weightOf: (one: T) => number, random: Draws): () => T {
  const total = all.reduce((sum, one) => sum + weightOf(one), 0);
  let reached = 0;
  const parts = all.map((one) => {
    reached += weightOf(one) / total;
    return { upTo: reached, one };
  });
  return () => {
    const point = random.next();
    // Rounding may leave a gap before 1, which is the last one's.
    return (parts.find(({ upTo }) => point < upTo) ?? parts.at(-1)!).one;
  };
}
