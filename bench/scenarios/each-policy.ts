import * as holdfast from 'holdfast';
import { simply } from '../ours.ts';
import { operation } from '../peer-setups.ts';
import type { Scenario } from '../scenario.ts';

const alone: readonly (readonly [string, () => holdfast.Pipeline<unknown, unknown>])[] = [
  ['no policy', () => holdfast.pipeline()],
  ['bulkhead', () => holdfast.pipeline(holdfast.bulkhead())],
  ['circuit-breaker', () => holdfast.pipeline(holdfast.circuitBreaker())],
  ['deadline', () => holdfast.pipeline(holdfast.deadline())],
  ['fallback', () => holdfast.pipeline(holdfast.fallback({ value: 42 }))],
  ['retry', () => holdfast.pipeline(holdfast.classify(simply), holdfast.retry())],
  ['retry-budget', () => holdfast.pipeline(holdfast.retryBudget())],
  ['timeout', () => holdfast.pipeline(holdfast.timeout())],
];

export const policyScenario: Scenario = {
  name: 'policy',
  title: 'each policy alone with its defaults, success',
  metrics: { ns: 'ns', bytes: 'B' },
  base: 'bare',
  goals: [],
  notes: ['All in one process, so their calls share compiled code, as in an application.'],
  candidates: () => [
    { name: 'bare', run: operation },
    ...alone.map(([name, make]) => {
      const ours = make();
      return { name: `ours, ${name}`, run: () => ours.call(operation) };
    }),
  ],
};
